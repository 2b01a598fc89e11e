import { setTimeout as wait } from 'node:timers/promises'
import { clock } from '../../src/app/clock-and-ids.ts'

/** The real clock, but for `monotonic`, which a test may set. */
export const clockWith = (monotonic: () => number = () => performance.now(), now: () => number = Date.now) => ({
  now,
  monotonic,
  threadCpu: clock.threadCpu,
  sleep: (ms: number, signal?: AbortSignal): Promise<void> => wait(ms, undefined, { signal }),
})
