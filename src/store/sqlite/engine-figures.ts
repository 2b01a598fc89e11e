import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createHistogram } from '../../core/histogram.ts'
import { type SqliteStats, STORE_ERRORS, type StoreError } from '../stats.ts'
import { storeErrorOf } from './failure.ts'

/** In ms. */
const COMMIT_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
const BATCH_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** What a connection counts about itself, from its opening on. */
export const createEngineFigures = () => {
  const commits = createHistogram(COMMIT_BOUNDS)
  const batches = createHistogram(BATCH_BOUNDS)
  const errors = Object.fromEntries(STORE_ERRORS.map(name => [name, 0])) as Record<StoreError, number>

  return {
    /** Runs a transaction, and counts it where it is committed; it gives one outcome for each write. */
    timed: async <Outcome>(transaction: () => Promise<Outcome[]>): Promise<Outcome[]> => {
      const beganAt = performance.now()
      const outcomes = await transaction()
      commits.observe(performance.now() - beganAt)
      batches.observe(outcomes.length)
      return outcomes
    },

    failed: (error: unknown): void => {
      errors[storeErrorOf(error)]++
    },

    counts: (): Pick<SqliteStats, 'kind' | 'commits' | 'batches' | 'errors'> => ({
      kind: 'sqlite',
      commits: commits.read(),
      batches: batches.read(),
      errors: { ...errors },
    }),

    /** @param path the database's real path; null: it is in memory */
    read: async (
      path: string | null,
      walPinnedMs: number,
    ): Promise<Pick<SqliteStats, 'databaseBytes' | 'walBytes' | 'walPinnedMs' | 'diskFreeBytes'>> => {
      const disk = path === null ? null : await statfs(dirname(path))
      return {
        databaseBytes: path === null ? 0 : sizeOf(path),
        walBytes: path === null ? 0 : sizeOf(`${path}-wal`),
        walPinnedMs,
        diskFreeBytes: disk && disk.bavail * disk.bsize,
      }
    },
  }
}
