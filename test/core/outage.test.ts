import { describe, expect, test } from 'vitest'
import type { Answer, TransientCause } from '../../src/core/answer.ts'
import { SECOND } from '../../src/core/duration.ts'
import { afterCall, describeSilence, isOutage, type SilentRun } from '../../src/core/outage.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const silent = (cause: TransientCause): Answer => ({ kind: 'transient', code: null, cause })
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }

/** Calls of these serials fail, the last of them now, the first `ms` ago. */
const isOutageAfter = (cause: TransientCause, serials: readonly number[], ms: number): boolean => {
  const run = serials.reduce<SilentRun | null>(
    (run, verificationId) => afterCall(run, silent(cause), { verificationId, askedAt: NOW - ms }),
    null,
  )
  return run !== null && isOutage(run, cause, NOW)
}

describe('an outage', () => {
  test.each([
    { cause: 'unreachable', calls: 3, ms: 2 * SECOND, is: true },
    { cause: 'unreachable', calls: 4, ms: 1 * SECOND, is: false },
    { cause: 'unreachable', calls: 2, ms: 9 * SECOND, is: false },
    { cause: 'timeout', calls: 2, ms: 10 * SECOND, is: true },
    { cause: 'timeout', calls: 1, ms: 60 * SECOND, is: false },
    { cause: 'http_status', calls: 5, ms: 10 * SECOND, is: true },
    { cause: 'http_status', calls: 40, ms: 9 * SECOND, is: false },
    { cause: 'http_status', calls: 4, ms: 60 * SECOND, is: false },
  ] as const)('$calls times $cause in $ms ms: $is', ({ cause, calls, ms, is }) => {
    expect(isOutageAfter(cause, new Array(calls).fill(1), ms)).toBe(is)
  })

  test.each(['unparseable', 'too_large'] as const)('is not one serial whose answer is %s', cause => {
    expect(isOutageAfter(cause, [1, 1, 1, 1, 1, 1], 60 * SECOND)).toBe(false)
    expect(isOutageAfter(cause, [1, 2, 1, 2, 1], 60 * SECOND)).toBe(true)
  })
})

test('any answer of GetResult ends the row of failures, also one that says nothing', () => {
  const call = { verificationId: 1, askedAt: NOW }
  const run = afterCall(null, silent('timeout'), call)
  expect(run).toMatchObject({ calls: 1, since: NOW })
  for (const answer of [WAITING, { kind: 'transient', code: 0, cause: 'upstream_error' }] as const)
    expect(afterCall(run, answer, call)).toBeNull()
})

test('a failure is described by its cause and its code', () => {
  expect(describeSilence({ kind: 'transient', code: null, cause: 'http_status', detail: '502' })).toBe(
    'http_status: 502',
  )
  expect(describeSilence(silent('timeout'))).toBe('timeout')
  expect(describeSilence(WAITING)).toBeNull()
})
