import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptOf, EXCERPT_BYTES, readExcerpt } from '../../src/callback/outcome.ts'
import { withPublicError } from '../../src/core/message.ts'

const AT = 1_000_000
type Failure = Extract<Parameters<typeof attemptOf>[0], { kind: 'failed' }>['error']

const answered = (httpStatus: number) =>
  attemptOf({ kind: 'answered', httpStatus, excerpt: 'hello', retryAfter: null, durationMs: 123 }, AT)
const failed = (error: Failure, durationMs: number) =>
  attemptOf({ kind: 'failed', error, detail: 'connect ECONNREFUSED 10.0.0.7:443', durationMs }, AT)

const excerptOf = (text: string) => readExcerpt(Buffer.from(text), null)

describe('the excerpt of an answer', () => {
  test('is the text, tabs and newlines included', () => {
    expect(excerptOf('a\tb\r\nc 认证')).toBe('a\tb\nc 认证')
  })

  test.each([
    ['NUL', '\u0000'],
    ['an escape sequence', '\u001b'],
    ['a lone carriage return', '\r'],
    ['text turned around', '\u202e'],
  ])('has no %s', (_claim, text) => {
    expect(excerptOf(`a${text}b`)).toBe('a\ufffdb')
  })

  test('leaves out a character that is cut in two', () => {
    const text = 'x'.repeat(EXCERPT_BYTES - 2)
    expect(readExcerpt(Buffer.from(`${text}认`).subarray(0, EXCERPT_BYTES), null)).toBe(text)
    expect(readExcerpt(Buffer.from('认').subarray(0, 2), null)).toBe('\ufffd')
  })

  test('is valid whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: EXCERPT_BYTES }), bytes => {
        const excerpt = readExcerpt(Buffer.from(bytes), null) ?? ''
        expect(excerpt.isWellFormed()).toBe(true)
        expect(/[^\P{Cc}\n\t]/u.test(excerpt)).toBe(false)
      }),
    )
  })
})

describe('an answered attempt', () => {
  test.each([
    [200, 'delivered'],
    [299, 'delivered'],
    [199, 'rejected'],
    [300, 'rejected'],
    [410, 'gone'],
    [503, 'rejected'],
  ])('with status %d is %s', (httpStatus, outcome) => {
    expect(answered(httpStatus)).toEqual({
      at: AT,
      outcome,
      httpStatus,
      error: null,
      durationMs: 123,
      responseExcerpt: 'hello',
      origin: null,
    })
  })
})

describe('an attempt without an answer', () => {
  test.each<Failure>(['timeout', 'refused', 'dns', 'blocked', 'reset', 'proxy'])(
    'is told the same way whatever the reason (%s), and its duration is rounded',
    error => {
      expect(failed(error, 3)).toEqual({
        at: AT,
        outcome: 'failed',
        httpStatus: null,
        error: `no_response ${error}`,
        durationMs: 100,
        responseExcerpt: null,
        origin: null,
      })
      expect(withPublicError(failed(error, 3)).error).toBe('no_response')
      expect(failed(error, 101).durationMs).toBe(200)
      expect(failed(error, 200).durationMs).toBe(200)
    },
  )

  test.each<[Failure, string]>([
    ['refused', 'refused'],
    ['reset', 'reset'],
    ['tls', 'tls'],
    ['protocol', 'invalid_response'],
    ['dns', 'no_response'],
    ['blocked', 'no_response'],
    ['proxy', 'no_response'],
  ])('in the operator’s own networks tells why no answer came: %s', (error, told) => {
    const result = { kind: 'failed', error, detail: null, durationMs: 42, isInside: true } as const
    const durationMs = told === 'no_response' ? 100 : 42
    expect(withPublicError(attemptOf(result, AT))).toMatchObject({ error: told, durationMs })
  })

  test.each([
    ['tls', 'CERT_HAS_EXPIRED', 'certificate_expired'],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', 'certificate_wrong_name'],
    ['tls', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate_untrusted'],
    ['tls', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate_untrusted'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
    ['refused', 'ECONNREFUSED', 'no_response'],
    ['dns', 'ENOTFOUND', 'no_response'],
  ] as const)('by %s (%s) is told as %s, and operators see the code too', (error, detail, told) => {
    const attempt = attemptOf({ kind: 'failed', error, detail, durationMs: 42 }, AT)
    expect(attempt.error).toBe(`${told} ${detail}`)
    expect(withPublicError(attempt).error).toBe(told)
  })

  test('never tells the detail', () => {
    expect(JSON.stringify([failed('refused', 3), failed('tls', 3)])).not.toContain('10.0.0.7')
  })
})
