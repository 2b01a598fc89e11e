import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startCalendar } from '../../src/worker/timers.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T08:00:00.000Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

test('rings once a minute, half a minute past, until it is stopped', async () => {
  let rings = 0
  const calendar = startCalendar(() => rings++, vi.fn())
  await vi.advanceTimersByTimeAsync(29_000)
  expect(rings).toBe(0)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(rings).toBe(1)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(rings).toBe(3)
  await calendar.stop()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(rings).toBe(3)
})
