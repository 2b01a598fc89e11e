import { describe, expect, test } from 'vitest'
import type { Answer, TransientCause } from '../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { afterCall, isOutage, type LastAnswered, type SilentRun, withAnswered } from '../../src/core/outage.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const silent = (cause: TransientCause): Answer => ({ kind: 'transient', code: null, cause })

/** Calls of these serials fail, the last of them now, the first `ms` ago; before, others were answered about. */
const isOutageAfter = (
  cause: TransientCause,
  serials: readonly number[],
  ms: number,
  answered: LastAnswered = [],
): boolean => {
  const run = serials.reduce<SilentRun | null>(
    (run, verificationId) => afterCall(run, silent(cause), { verificationId, askedAt: NOW - ms }),
    null,
  )
  return run !== null && isOutage(run, answered, NOW)
}

describe('an outage', () => {
  test.each([
    { cause: 'unreachable', calls: 3, ms: 2 * SECOND, is: true },
    { cause: 'unreachable', calls: 4, ms: 1 * SECOND, is: false },
    { cause: 'unreachable', calls: 2, ms: 9 * SECOND, is: false },
    { cause: 'timeout', calls: 2, ms: 10 * SECOND, is: true },
    { cause: 'timeout', calls: 1, ms: 60 * SECOND, is: false },
    { cause: 'http_status', calls: 5, ms: 3 * SECOND, is: true },
    { cause: 'http_status', calls: 40, ms: 2 * SECOND, is: false },
    { cause: 'http_status', calls: 4, ms: 60 * SECOND, is: false },
  ] as const)('$calls times $cause in $ms ms: $is', ({ cause, calls, ms, is }) => {
    expect(isOutageAfter(cause, new Array(calls).fill(1), ms)).toBe(is)
  })

  test.each(['unparseable', 'too_large'] as const)('is not one serial whose answer is %s', cause => {
    expect(isOutageAfter(cause, [1, 1, 1, 1, 1, 1], 60 * SECOND)).toBe(false)
    expect(isOutageAfter(cause, [1, 2, 1, 2, 1], 60 * SECOND)).toBe(true)
  })
})

describe('a serial that fails alone', () => {
  const lone = new Array<number>(9).fill(1)
  const othersAnswered = (ms: number): LastAnswered => [{ verificationId: 2, at: NOW - ms }]

  test.each(['http_status', 'timeout', 'unparseable', 'too_large'] as const)(
    'is to blame for its %s, and not GetResult, while others are answered about',
    cause => {
      expect(isOutageAfter(cause, lone, 2 * MINUTE - 1, othersAnswered(2 * MINUTE - 1))).toBe(false)
      expect(isOutageAfter(cause, lone, 2 * MINUTE, othersAnswered(2 * MINUTE))).toBe(true)
      expect(isOutageAfter(cause, [1, 1, 1, 1, 2], MINUTE, othersAnswered(MINUTE))).toBe(true)
    },
  )

  test('is told from the others by the last two that were answered about', () => {
    const last = [1, 2, 3, 3].reduce<LastAnswered>((last, id, n) => withAnswered(last, id, n), [])
    expect(last).toEqual([
      { verificationId: 3, at: 3 },
      { verificationId: 2, at: 1 },
    ])
  })
})
