import type Database from 'better-sqlite3'
import { judgeFailure } from './failure.ts'

/** SQLite's result: frames (written pages) in the log, and how many of them are in the database. */
interface Checkpoint {
  log: number
  checkpointed: number
}

export type Checkpoints = ReturnType<typeof createCheckpoints>

/** Minimum number of uncopied frames for a checkpoint: 4 MB of a new file's pages. */
const WORTH_FRAMES = 2_000
const EVERY_MS = 250

/**
 * Copies the log into the database periodically, between two transactions; the next transaction restarts the log unless
 * a reader still uses it. SQLite's own checkpoints must be off: it does not report one that fails within a commit.
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
    /** How long a reader has kept the log from restarting, in ms; 0 if none does. */
    pinnedMs: (): number => (pinnedSince === null ? 0 : performance.now() - pinnedSince),
    close: (): void => clearInterval(timer),
  }
}
