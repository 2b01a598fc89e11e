import { expect, test } from 'vitest'
import { RESEND_WINDOW, takeForResend } from '../../../src/store/rules/bulk-resend.ts'

const RESEND = { since: 100, until: 200, cursor: 'reg_0', looked: 10, resent: 5, done: false }
const idOf = (n: number) => `reg_${String(n).padStart(5, '0')}`
const windowOf = (count: number, createdAt: (n: number) => number = () => 150) =>
  Array.from({ length: count }, (_, n) => ({ registrationId: idOf(n + 1), createdAt: createdAt(n), isErased: false }))

test('takes what is in the span and says something, both ends included', () => {
  const [before, first, erased, last, after] = windowOf(5, n => [99, 100, 150, 200, 201][n] ?? 0)
  const window = [before, first, { ...erased, isErased: true }, last, after] as ReturnType<typeof windowOf>
  const { batch, progress } = takeForResend(RESEND, window, 10)
  expect(batch).toEqual([first, last])
  expect(progress).toEqual({ cursor: idOf(5), looked: 15, resent: 7, done: true })
})

test('goes on behind the last that it took where there are more than its limit', () => {
  const { batch, progress } = takeForResend(RESEND, windowOf(5), 2)
  expect(batch).toHaveLength(2)
  expect(progress).toEqual({ cursor: idOf(2), looked: 12, resent: 7, done: false })
})

test('a span that matches nothing passes over a window at a time, and ends with the last one', () => {
  const old = (count: number) => windowOf(count, () => 1)
  const whole = takeForResend(RESEND, old(RESEND_WINDOW), 200)
  expect(whole).toMatchObject({ batch: [], progress: { cursor: idOf(RESEND_WINDOW), resent: 5, done: false } })
  expect(takeForResend(RESEND, old(RESEND_WINDOW - 1), 200)).toMatchObject({ batch: [], progress: { done: true } })
  expect(takeForResend(RESEND, [], 200).progress).toEqual({
    cursor: 'reg_0',
    looked: 10,
    resent: 5,
    done: true,
  })
})
