import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { isBehind, spareOf, takeMessages } from '../../../src/store/rules/take-messages.ts'

const AT = 1_795_507_200_000
const row = (seq: number, more: { retries?: number; isPaused?: boolean; isSealed?: boolean } = {}) => ({
  ...{ seq, retries: 0, isPaused: false, isSealed: false },
  ...more,
})
type Row = ReturnType<typeof row>
const take = (oldest: readonly Row[], count: number, newest: readonly Row[] = []) =>
  takeMessages(
    { oldest, newest },
    {
      take: count,
      dueRowOf: one => one,
      isPaused: one => one.isPaused,
      open: one => (one.isSealed ? null : one.seq),
    },
  )

test('what is for a paused URL is held, and those behind it are handed out', () => {
  const rows = [row(1, { isPaused: true }), row(2), row(3), row(4)]
  expect(take(rows, 2)).toEqual({ messages: [2, 3], held: [1], unreadable: [] })
})

test('what does not open is given up, and those behind it are handed out', () => {
  expect(take([row(1, { isSealed: true }), row(2)], 2)).toEqual({ messages: [2], held: [], unreadable: [1] })
})

test('a claim reads beyond what it takes only where something may be held, and not without end', () => {
  expect(spareOf({ isPausing: false, left: 1_000 })).toBe(0)
  expect(spareOf({ isPausing: true, left: 1_000 })).toBe(100)
  expect(spareOf({ isPausing: true, left: 30 })).toBe(30)
})

test('a lane is behind whose first message has been due for a minute', () => {
  expect([undefined, AT - MINUTE, AT - MINUTE - 1].map(dueAt => isBehind(dueAt, AT))).toEqual([false, false, true])
})

test('of a lane that is behind, first attempts get half, and old retries the rest', () => {
  const old = [1, 2, 3, 4].map(seq => row(seq, { retries: 1 }))
  expect(take(old, 4, [row(4, { retries: 1 }), row(9)]).messages).toEqual([9, 1, 2, 3])
  expect(
    take(
      old,
      4,
      [6, 7, 8, 9].map(seq => row(seq)),
    ).messages,
  ).toEqual([6, 7, 1, 2])
  expect(
    take(
      old.slice(0, 1),
      4,
      [6, 7, 8].map(seq => row(seq)),
    ).messages,
  ).toEqual([6, 7, 1, 8])
})
