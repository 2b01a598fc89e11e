import { describe, expect, test } from 'vitest'
import { attemptOf } from '../../src/callback/attempt.ts'

const AT = 1_000_000
type Failure = Extract<Parameters<typeof attemptOf>[0], { kind: 'failed' }>['error']

const answered = (httpStatus: number) =>
  attemptOf({ kind: 'answered', httpStatus, excerpt: 'hello', retryAfter: null, durationMs: 123 }, AT)
const failed = (error: Failure, durationMs: number) =>
  attemptOf({ kind: 'failed', error, detail: 'connect ECONNREFUSED 10.0.0.7:443', durationMs }, AT)

describe('an answered attempt', () => {
  test.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [199, 'rejected'],
    [300, 'rejected'],
    [302, 'rejected'],
    [404, 'rejected'],
    [410, 'gone'],
    [429, 'rejected'],
    [503, 'rejected'],
  ])('with status %d is %s', (httpStatus, outcome) => {
    expect(answered(httpStatus)).toEqual({
      at: AT,
      outcome,
      httpStatus,
      error: null,
      durationMs: 123,
      responseExcerpt: 'hello',
    })
  })
})

describe('an attempt without an answer', () => {
  test.each<Failure>([
    'timeout',
    'connect_timeout',
    'refused',
    'unreachable',
    'dns',
    'blocked',
    'url',
    'reset',
    'proxy',
  ])('is told the same way whatever the reason (%s), and its duration is rounded', error => {
    expect(failed(error, 3)).toEqual({
      at: AT,
      outcome: 'failed',
      httpStatus: null,
      error: 'no_response',
      durationMs: 100,
      responseExcerpt: null,
    })
    expect(failed(error, 101).durationMs).toBe(200)
    expect(failed(error, 200).durationMs).toBe(200)
  })

  test('tells of a bad certificate and of a broken answer: those come from a public address only', () => {
    expect(failed('tls', 42)).toMatchObject({ error: 'tls', durationMs: 42 })
    expect(failed('protocol', 42)).toMatchObject({ error: 'invalid_response', durationMs: 42 })
  })

  test('never tells the detail', () => {
    expect(JSON.stringify([failed('refused', 3), failed('tls', 3)])).not.toContain('10.0.0.7')
  })
})
