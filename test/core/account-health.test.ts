import { describe, expect, test } from 'vitest'
import { mostlyUnknown, othersInvalid, type RecentCall, withCall } from '../../src/core/account-health.ts'
import type { Answer } from '../../src/core/answer.ts'

const UNKNOWN: Answer = { kind: 'transient', code: 4999, cause: 'unknown_code' }
const OUTAGE: Answer = { kind: 'transient', code: null, cause: 'timeout' }
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }

const callsOf = (answers: readonly Answer[]) =>
  answers.reduce<RecentCall[]>((recent, answer, i) => withCall(recent, i, answer), [])
const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer)

describe("an account's latest calls", () => {
  test('are the last twenty, in order', () => {
    const recent = callsOf(times(35, WAITING))
    expect(recent.map(call => call.verificationId)).toEqual(Array.from({ length: 20 }, (_, i) => 15 + i))
  })

  test('are not changed in place', () => {
    const recent: RecentCall[] = []
    withCall(recent, 1, WAITING)
    expect(recent).toEqual([])
  })
})

describe('other serials called invalid too', () => {
  test('is told by another serial only', () => {
    const recent = withCall(withCall([], 1, INVALID), 1, INVALID)
    expect(othersInvalid(recent, 1)).toBe(false)
    expect(othersInvalid(recent, 2)).toBe(true)
  })

  test('is not told by other answers', () => {
    expect(othersInvalid(callsOf([WAITING, UNKNOWN, OUTAGE]), 99)).toBe(false)
  })
})

describe('mostly unknown codes', () => {
  test.each([
    { unknown: 9, good: 0, mostly: false },
    { unknown: 10, good: 0, mostly: true },
    { unknown: 9, good: 1, mostly: true },
    { unknown: 8, good: 2, mostly: false },
    { unknown: 18, good: 2, mostly: true },
    { unknown: 17, good: 3, mostly: false },
  ])('$unknown of them beside $good good ones: $mostly', ({ unknown, good, mostly }) => {
    expect(mostlyUnknown(callsOf([...times(good, WAITING), ...times(unknown, UNKNOWN)]))).toBe(mostly)
  })

  test('an outage is none', () => {
    expect(mostlyUnknown(callsOf(times(20, OUTAGE)))).toBe(false)
  })

  test('forgets what lies more than twenty calls back', () => {
    expect(mostlyUnknown(callsOf([...times(20, WAITING), ...times(20, UNKNOWN)]))).toBe(true)
  })
})
