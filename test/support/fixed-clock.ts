import { type Clock, yieldToLoop } from '../../src/core/clock.ts'

/** A clock that moves only by `advance`. `monotonic` and `now` show the same. */
export const createFixedClock = (startAt = 0) => {
  let at = startAt
  const sleepers = new Set<{ until: number; wake: () => void }>()

  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve, reject) => {
      const sleeper = { until: at + ms, wake: resolve }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', () => sleepers.delete(sleeper) && reject(signal.reason))
    })

  return {
    now: () => at,
    monotonic: () => at,
    sleep,
    /** Number of sleepers. */
    sleeping: () => sleepers.size,
    /** Wakes everybody whose time has come, and lets them go on until they wait for something else. */
    advance: async (ms: number): Promise<void> => {
      at += ms
      for (const sleeper of sleepers) {
        if (sleeper.until > at) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      await yieldToLoop()
    },
  }
}
