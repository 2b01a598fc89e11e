import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { maybeOthersInvalid, mostlyUnknown, othersInvalid, type RecentCall, withCall } from '../../src/core/outage.ts'

const UNKNOWN: Answer = { kind: 'transient', code: 4999, cause: 'unknown_code' }
const OUTAGE: Answer = { kind: 'transient', code: null, cause: 'timeout' }
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }

const callsOf = (answers: readonly Answer[]) =>
  answers.reduce<RecentCall[]>((recent, answer, i) => withCall(recent, { verificationId: i, answer }), [])
const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer)

describe('other serials called invalid too', () => {
  const asked = (...calls: readonly [id: number, answer: Answer][]) =>
    calls.reduce<RecentCall[]>((recent, [id, answer]) => withCall(recent, { verificationId: id, answer }), [])

  test('is told by two serials that are asked about again and again, and by nothing else', () => {
    const both = asked([1, INVALID], [2, INVALID], [1, INVALID], [2, INVALID], [1, INVALID])
    expect(othersInvalid(both, 1)).toBe(true)
    expect(othersInvalid(both.slice(1), 1)).toBe(false)
    expect(othersInvalid(asked([1, INVALID], [1, INVALID], [1, INVALID], [1, INVALID], [1, INVALID]), 1)).toBe(false)
    expect(othersInvalid(callsOf([WAITING, UNKNOWN, OUTAGE, WAITING, UNKNOWN]), 99)).toBe(false)
  })

  test('two bad serials among 46 good answers do not pause the account', () => {
    const good = Array.from({ length: 46 }, (_, i): [number, Answer] => [100 + i, WAITING])
    const backToBack: [number, Answer][] = [
      [1, INVALID],
      [2, INVALID],
    ]
    const recent = asked(...good, ...backToBack, ...good.slice(0, 9), ...backToBack, ...backToBack)
    expect(othersInvalid(recent, 2)).toBe(false)
  })

  test('may be while the last of the others was invalid, until a good answer comes in between', () => {
    expect(maybeOthersInvalid(asked([1, INVALID], [2, INVALID]), 2)).toBe(true)
    expect(maybeOthersInvalid(asked([1, INVALID], [3, OUTAGE], [2, INVALID]), 2)).toBe(true)
    expect(maybeOthersInvalid(asked([1, INVALID], [3, WAITING], [2, INVALID]), 2)).toBe(false)
    expect(maybeOthersInvalid(asked([2, INVALID], [2, INVALID]), 2)).toBe(false)
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
})
