import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { LastBackup } from '../store/backup.ts'
import type { EngineStats, Stats, Store } from '../store/store.ts'

/** What the database says of itself, and when it was asked, by the monotonic clock. */
export interface Figures {
  stats: Stats
  engine: EngineStats
  backup: LastBackup
  readAt: number
}

export type FigureVerb = 'stats' | 'engineStats' | 'lastBackup'

const EVERY_MS = 5 * SECOND
const PATIENCE_MS = 2 * SECOND

/**
 * Reads the figures of the database once in 5 s at most, however many ask. Nobody waits longer than 2 s: where the database
 * is slower, or fails, they get the last figures; null where there are none yet.
 */
export const createFigures = (
  store: Pick<Store, FigureVerb>,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): (() => Promise<Figures | null>) => {
  let last: Figures | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  const read = async () => {
    askedAt = clock.monotonic()
    try {
      const [stats, engine, backup] = await Promise.all([store.stats(), store.engineStats(), store.lastBackup()])
      last = { stats, engine, backup, readAt: clock.monotonic() }
    } catch {
      // Whoever works with the database tells of it; here the age of the last figures does.
    } finally {
      reading = null
    }
  }

  return async () => {
    if (reading === null && clock.monotonic() - askedAt >= EVERY_MS) reading = read()
    if (reading !== null) {
      const enough = new AbortController()
      await Promise.race([reading, clock.sleep(PATIENCE_MS, enough.signal).catch(() => {})])
      enough.abort()
    }
    return last
  }
}
