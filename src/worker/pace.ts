import { setTimeout as sleep } from 'node:timers/promises'

/** At most one round in this time; under load each then has a batch worth its transaction. */
const PACE_MS = 1

/**
 * Waits before a round for what belongs to the same one: to the end of this turn of the event loop, or, shortly after
 * another round, until that was some time ago.
 */
export const createPace = (now: () => number): (() => Promise<unknown>) => {
  let lastAt = Number.NEGATIVE_INFINITY

  return async () => {
    const leftMs = lastAt + PACE_MS - now()
    await (leftMs > 0 ? sleep(leftMs) : new Promise(resolve => setImmediate(resolve)))
    lastAt = now()
  }
}
