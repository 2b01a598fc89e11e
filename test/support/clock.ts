import { setTimeout as wait } from 'node:timers/promises'

/** The real clock, but for `monotonic`, which a test may set. */
export const clockWith = (monotonic: () => number = () => performance.now(), now: () => number = Date.now) => ({
  now,
  monotonic,
  sleep: (ms: number, signal?: AbortSignal): Promise<void> => wait(ms, undefined, { signal }),
})
