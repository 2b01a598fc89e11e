import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { openStage } from './stage.ts'

/**
 * The most calls in any second, wherever it begins. This machine may have been slow to hand over the first of them, by as
 * much as its event loop ever was; the second is that much shorter.
 */
const mostInASecond = (times: readonly number[], lag: ReturnType<typeof watchLag>): number => {
  const windowMs = 1_000 - lag.max / 1e6
  return Math.max(...times.map(start => times.filter(at => at >= start && at < start + windowMs).length))
}

const watchLag = () => {
  const lag = monitorEventLoopDelay({ resolution: 5 })
  lag.enable()
  return lag
}

/** Calls a second over the whole run. */
const meanRate = (times: readonly number[]): number =>
  ((times.length - 1) * 1_000) / ((times.at(-1) ?? 0) - (times[0] ?? 0))

const NEVER_AGAIN = { POLL_MIN_INTERVAL: '1h', POLL_MAX_INTERVAL: '1h' }

test('makes no more calls in a second than the rate, however slow the answers', async () => {
  await using stage = await openStage({ UPSTREAM_RATE: '10', UPSTREAM_CONCURRENCY: '5', ...NEVER_AGAIN })
  const { upstream } = stage
  const lag = watchLag()
  await Promise.all(Array.from({ length: 35 }, () => stage.register({ status: 'ING', delayMs: 280 })))
  const calls = await upstream.waitFor(35)
  expect(
    mostInASecond(
      calls.map(call => call.at),
      lag,
    ),
  ).toBeLessThanOrEqual(11)
  expect(new Set(calls.map(call => call.idcardid)).size).toBe(35)
})

test('keeps to the rate when answers are instant, and uses it up', async () => {
  await using stage = await openStage({ UPSTREAM_RATE: '10', UPSTREAM_CONCURRENCY: '8' })
  const { upstream } = stage
  const lag = watchLag()
  await Promise.all(Array.from({ length: 30 }, () => stage.register({ status: 'ING' })))
  const times = (await upstream.waitFor(31)).map(call => call.at)
  expect(mostInASecond(times, lag)).toBeLessThanOrEqual(11)
  expect(meanRate(times)).toBeLessThan(10.5)
  expect(meanRate(times)).toBeGreaterThan(7)
})
