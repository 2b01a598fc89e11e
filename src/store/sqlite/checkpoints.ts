import type Database from 'better-sqlite3'
import { judgeFailure } from './failure.ts'

/** As SQLite answers: frames (pages as they were written) in the log, and how many of them are in the database now. */
interface Checkpoint {
  log: number
  checkpointed: number
}

export type Checkpoints = ReturnType<typeof createCheckpoints>

/** So many frames, 4 MB of a new file's pages, are worth a checkpoint. */
const WORTH_FRAMES = 2_000
const EVERY_MS = 250

/**
 * Moves what the log has into the database from time to time, between two transactions; the next one begins the log anew, unless
 * somebody reads it. SQLite's own checkpoints must be off: it does not tell where one fails within a commit.
 *
 * @param onFailed a checkpoint failed for good, so the database is broken
 */
export const createCheckpoints = (client: Database.Database, onFailed: (error: unknown) => void) => {
  let pinnedSince: number | null = null
  const run = (mode: 'NOOP' | 'PASSIVE'): Checkpoint => (client.pragma(`wal_checkpoint(${mode})`) as [Checkpoint])[0]
  const checkpoint = () => {
    const before = run('NOOP')
    if (before.log - before.checkpointed < WORTH_FRAMES) {
      pinnedSince = null
      return
    }
    const { log, checkpointed } = run('PASSIVE')
    pinnedSince = log === checkpointed ? null : (pinnedSince ?? performance.now())
  }
  const timer = setInterval(() => {
    try {
      checkpoint()
    } catch (error) {
      const failure = judgeFailure(error)
      if (failure !== 'busy' && failure !== 'passing') onFailed(error)
    }
  }, EVERY_MS)
  timer.unref()
  return {
    /** For how long a reader has kept the log from beginning anew; 0: none does. */
    pinnedMs: (): number => (pinnedSince === null ? 0 : performance.now() - pinnedSince),
    close: (): void => clearInterval(timer),
  }
}
