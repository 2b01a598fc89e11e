import { expect, test } from 'vitest'
import { createAnswerTimes } from '../../src/core/answer-times.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'

/** Means after calls of an account, each with its age and its response time. */
const meansAfter = (...calls: readonly (readonly [agoMs: number, ms: number])[]) => {
  const times = createAnswerTimes(4)
  for (const [agoMs, ms] of calls) times.add('acc_1', ms, 10 * MINUTE - agoMs)
  return times.means(10 * MINUTE)
}

test('a mean is of the last minute, or of the last three calls where those are fewer', () => {
  const slow = [4 * MINUTE, 8_000] as const
  const quick = [10 * SECOND, 200] as const
  expect(meansAfter(slow, slow, quick, quick, quick)).toEqual({ acc_1: { ms: 200, calls: 4 } })
  // A dozen old serials bring two calls a minute.
  expect(meansAfter(slow, slow, [SECOND, 8_000])).toEqual({ acc_1: { ms: 8_000, calls: 4 } })
})

test('one slow call is no mean, nor are calls that were made long ago', () => {
  expect(meansAfter([SECOND, 8_000], [SECOND, 8_000])).toEqual({})
  const old = [5 * MINUTE, 8_000] as const
  expect(meansAfter(old, old, old, [SECOND, 200])).toEqual({})
})
