import { describe, expect, test } from 'vitest'
import {
  type DueVerification,
  FRESH_MS,
  NEW,
  NEW_IN_BATCH,
  NUDGED,
  PICKS,
  queueAfterPoll,
  queueOfNew,
  takeDue,
} from '../../../src/store/verifications/poll-queues.ts'

const AT = 1_800_000_000_000
const SECOND = 1_000
const again = (intervalMs: number) => queueAfterPoll(NEW, intervalMs)
const againInBatch = (intervalMs: number) => queueAfterPoll(NEW_IN_BATCH, intervalMs)

const never = (id: number, dueAt = AT - 1): DueVerification => ({ id, dueAt })
const late = (id: number, lateMs: number): DueVerification => ({ id, dueAt: AT - lateMs })
const many = (from: number, count: number, make: (id: number) => DueVerification) =>
  Array.from({ length: count }, (_, index) => make(from + index))

const takeAll = (queues: [number, DueVerification[]][], { limit = 100, picks = 0 } = {}) => {
  const byQueue = new Map(queues)
  const fresh = (byQueue.get(NEW) ?? []).filter(({ dueAt }) => dueAt > AT - FRESH_MS)
  return takeDue({ queues: byQueue, fresh }, { limit, picks, at: AT }).map(({ id }) => id)
}
const pickAll = (queues: [number, DueVerification[]][]) =>
  Array.from({ length: PICKS }, (_, picks) => takeAll(queues, { limit: 1, picks })[0])

describe('due polls of a partner', () => {
  test('every second call is for new ones, however long the others have waited', () => {
    const queues: [number, DueVerification[]][] = [
      [again(5 * SECOND), many(100, 50, id => late(id, 3_600 * SECOND))],
      [NEW, [never(1), never(2), never(3)]],
    ]
    expect(takeAll(queues, { limit: 6 }).filter(id => id < 100)).toHaveLength(3)
  })

  test('whose user is back has the first pick', () => {
    const queues: [number, DueVerification[]][] = [
      [NEW, many(100, 50, never)],
      [NUDGED, [never(1), never(2)]],
    ]
    expect(takeAll(queues, { limit: 2 })).toEqual([1, 2])
  })

  test('a batch waits for single serials, asked before or not', () => {
    const picked = pickAll([
      [NEW_IN_BATCH, [never(1)]],
      [again(5 * SECOND), [late(2, 10)]],
      [againInBatch(5 * SECOND), [late(3, 10)]],
    ])
    expect(picked.filter(id => id === 2).length).toBeGreaterThanOrEqual(8)
    expect(new Set(picked)).toEqual(new Set([1, 2, 3]))
  })

  test('a serial without a GetResult answer goes behind the others with its interval', () => {
    const queue = again(5 * SECOND)
    const throttled = { id: 1, dueAt: AT }
    expect(takeAll([[queue, [late(2, SECOND), throttled]]], { limit: 1 })).toEqual([2])
    expect(
      takeAll(
        [
          [queue, [throttled]],
          [again(300 * SECOND), [late(2, 100 * SECOND)]],
        ],
        { limit: 1 },
      ),
    ).toEqual([2])
  })

  test('that goes first which is the latest in proportion to its interval', () => {
    const queues: [number, DueVerification[]][] = [
      [again(300 * SECOND), many(100, 50, id => late(id, 250 * SECOND))],
      [again(5 * SECOND), [late(1, 9 * SECOND), late(2, 2 * SECOND)]],
    ]
    expect(takeAll(queues, { limit: 3 })).toEqual([1, 100, 101])
  })

  test('nothing is taken twice, and no more than may be', () => {
    const queues: [number, DueVerification[]][] = [
      [NEW, many(1, 3, never)],
      [again(SECOND), many(10, 3, id => late(id, 5))],
    ]
    expect(takeAll(queues).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 10, 11, 12])
    expect(takeAll(queues, { limit: 2 })).toHaveLength(2)
    expect(takeAll([])).toEqual([])
  })
})

describe('after a poll', () => {
  test('serials with about the same interval share a queue', () => {
    expect(again(5 * SECOND)).toBe(again(7 * SECOND))
    expect(again(5 * SECOND)).toBeLessThan(again(10 * SECOND))
    for (const intervalMs of [-1, 0, 1, 200, 365 * 86_400 * SECOND])
      expect(again(intervalMs)).toBeGreaterThan(NEW_IN_BATCH)
  })

  test('a batch stays behind single serials, until its user is back', () => {
    expect(queueAfterPoll(queueOfNew(true), SECOND)).toBe(againInBatch(SECOND))
    expect(queueAfterPoll(againInBatch(SECOND), SECOND)).toBe(againInBatch(SECOND))
    expect(queueAfterPoll(NUDGED, SECOND)).toBe(queueAfterPoll(queueOfNew(false), SECOND))
  })
})
