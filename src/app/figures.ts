import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { EngineCounts, Stats, Store } from '../store/store.ts'

/** What the database says of itself, and when it was asked, by the monotonic clock. */
export interface Figures {
  stats: Stats
  readAt: number
}

/** Null: nothing has been told yet. */
export interface Known {
  database: Figures | null
  /** What this process has counted, while the database is away too. */
  counts: EngineCounts | null
}

export type FigureVerb = 'stats' | 'engineCounts'

const EVERY_MS = 5 * SECOND
const PATIENCE_MS = 2 * SECOND

/**
 * Reads once in 5 s at most, however many ask. Nobody waits longer than 2 s: where an answer takes longer, or fails, they get the last
 * one; null where there is none yet.
 */
const createReading = <T>(ask: () => Promise<T>, clock: Pick<Clock, 'monotonic' | 'sleep'>) => {
  let last: T | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  const read = async () => {
    askedAt = clock.monotonic()
    try {
      last = await ask()
    } catch {
      // Whoever works with the database tells of it; here the age of the last figures does.
    } finally {
      reading = null
    }
  }

  return async (): Promise<T | null> => {
    if (reading === null && clock.monotonic() - askedAt >= EVERY_MS) reading = read()
    if (reading !== null) {
      const enough = new AbortController()
      await Promise.race([reading, clock.sleep(PATIENCE_MS, enough.signal).catch(() => {})])
      enough.abort()
    }
    return last
  }
}

/** The figures of the database, and those that need no database: while it is away these go on. */
export const createFigures = (
  store: Pick<Store, FigureVerb>,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): (() => Promise<Known>) => {
  const ofDatabase = createReading(async () => ({ stats: await store.stats(), readAt: clock.monotonic() }), clock)
  const ofProcess = createReading(() => store.engineCounts(), clock)
  return async () => {
    const [database, counts] = await Promise.all([ofDatabase(), ofProcess()])
    return { database, counts }
  }
}
