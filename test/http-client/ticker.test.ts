import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTicker } from '../../src/http-client/ticker.ts'

describe('a ticker', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('calls everybody on its list, and nobody who has left it', () => {
    const ticker = createTicker(50)
    const [first, second] = [vi.fn(), vi.fn()]
    ticker.add(first)
    ticker.add(second)
    vi.advanceTimersByTime(50)
    ticker.delete(first)
    vi.advanceTimersByTime(100)
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 3])
  })

  test('leaves no timer when its list is empty, and begins again with the next one', () => {
    const ticker = createTicker(50)
    const onTick = vi.fn()
    ticker.add(onTick)
    ticker.delete(onTick)
    vi.advanceTimersByTime(50)
    expect(vi.getTimerCount()).toBe(0)
    ticker.add(onTick)
    vi.advanceTimersByTime(50)
    expect(onTick).toHaveBeenCalledTimes(1)
  })

  test('may lose a listener while it calls them', () => {
    const ticker = createTicker(50)
    const second = vi.fn()
    const first = vi.fn(() => ticker.delete(second))
    ticker.add(first)
    ticker.add(second)
    vi.advanceTimersByTime(50)
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0])
  })
})
