import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXCERPT_BYTES, readExcerpt } from '../../src/callback/excerpt.ts'

const excerptOf = (text: string) => readExcerpt([Buffer.from(text)], null)

describe('the excerpt of an answer', () => {
  test('is the text, tabs and newlines included', () => {
    expect(excerptOf('a\tb\r\nc 认证')).toBe('a\tb\nc 认证')
  })

  test.each([
    ['NUL', '\u0000'],
    ['an escape sequence', '\u001b'],
    ['a lone carriage return', '\r'],
    ['C1', '\u009b'],
    ['text turned around', '\u202e'],
    ['an invisible mark', '\u200b'],
    ['a line separator', '\u2028'],
    ['a byte order mark', '\ufeff'],
  ])('has no %s', (_claim, text) => {
    expect(excerptOf(`a${text}b`)).toBe('a\ufffdb')
  })

  test('is valid whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { minLength: 1, maxLength: 2 }), chunks => {
        const excerpt =
          readExcerpt(
            chunks.map(chunk => Buffer.from(chunk).subarray(0, EXCERPT_BYTES / 2)),
            null,
          ) ?? ''
        expect(excerpt.isWellFormed()).toBe(true)
        expect(/[^\P{Cc}\n\t]/u.test(excerpt)).toBe(false)
      }),
    )
  })

  test.each(['认', 'é', '😀', 'a认', 'ab😀'])('is not cut within a character of %s', text => {
    const cut = Buffer.from(text.repeat(EXCERPT_BYTES)).subarray(0, EXCERPT_BYTES)
    const excerpt = readExcerpt([cut], null) ?? ''
    expect(excerpt).not.toContain('\ufffd')
    expect(text.repeat(EXCERPT_BYTES).startsWith(excerpt)).toBe(true)
    expect(EXCERPT_BYTES - Buffer.byteLength(excerpt)).toBeLessThan(4)
  })

  test('is null without a body and says so when it was compressed', () => {
    expect(readExcerpt([], null)).toBeNull()
    expect(readExcerpt([], 'gzip')).toBeNull()
    expect(readExcerpt([Buffer.from('x')], 'gzip')).toBe('[compressed, not decoded]')
    expect(readExcerpt([Buffer.from('x')], 'Identity')).toBe('x')
  })
})
