import { expect, test } from 'vitest'
import { spareOf, takeMessages } from '../../../src/store/rules/take-messages.ts'

const AT = 1_795_507_200_000
const row = (seq: number, more: { retries?: number; dueAt?: number; isPaused?: boolean; isSealed?: boolean } = {}) => ({
  ...{ seq, retries: 0, dueAt: AT, isPaused: false, isSealed: false },
  ...more,
})
const take = (rows: readonly ReturnType<typeof row>[], count: number) =>
  takeMessages(rows, {
    ...{ take: count, at: AT, missed: AT - 60_000 },
    look: one => one,
    isPaused: one => one.isPaused,
    ramp: seq => AT + seq,
    open: one => (one.isSealed ? null : one.seq),
  })

test('what is for a paused URL is held, and those behind it are handed out', () => {
  expect(take([row(1, { isPaused: true }), row(2), row(3), row(4)], 2)).toEqual({
    messages: [2, 3],
    held: [{ seq: 1, dueAt: null }],
    unreadable: [],
  })
})

test('what does not open is given up, and those behind it are handed out', () => {
  expect(take([row(1, { isSealed: true }), row(2)], 2)).toEqual({
    messages: [2],
    held: [],
    unreadable: [1],
  })
})

test('a retry that missed its time gets a place on the ramp, behind first attempts', () => {
  expect(take([row(1, { retries: 1, dueAt: AT - 90_000 }), row(2)], 2)).toEqual({
    messages: [2],
    held: [{ seq: 1, dueAt: AT + 1 }],
    unreadable: [],
  })
})

test('a claim looks beyond what it takes only where something may be held or put off, and not without end', () => {
  const usual = { isPausing: false, missed: AT - 60_000, left: 1_000 }
  expect(spareOf({ dueAt: AT }, usual)).toBe(0)
  expect(spareOf({ dueAt: AT }, { ...usual, isPausing: true })).toBe(100)
  expect(spareOf({ dueAt: AT - 90_000 }, usual)).toBe(100)
  expect(spareOf({ dueAt: AT - 90_000 }, { ...usual, left: 30 })).toBe(30)
})
