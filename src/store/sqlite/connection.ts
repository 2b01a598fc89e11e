import Database from 'better-sqlite3'
import { createHistogram } from '../../core/histogram.ts'
import type { Words } from '../../core/language.ts'
import { createEngineCounts } from '../engine-counts.ts'
import type { SqliteCounts } from '../stats.ts'
import { markOurs } from './application-id.ts'
import { BUSY_TIMEOUT_MS, createAttempts } from './attempts.ts'
import { type Checkpoints, createCheckpoints } from './checkpoints.ts'
import { realPathOf, watchFiles } from './database-file.ts'
import { drizzle } from './drizzle.ts'
import { judgeFailure, sqliteCodeOf, storeErrorOf } from './failure.ts'
import { createGroupCommit } from './group-commit.ts'

export type Db = ReturnType<typeof drizzle>

/**
 * After an error of the disk nothing more is read or acknowledged, because what the disk says then cannot be trusted. The
 * process must start again.
 */
export interface Connection {
  db: Db
  client: Database.Database
  /** The file's real path; null: it is in memory. */
  path: string | null
  /**
   * Runs it atomically in a `BEGIN IMMEDIATE` transaction, which it may share with others; durable when the promise
   * resolves. `run` must not await, and must have no effect but on the database: it may be undone and run again.
   */
  write<T>(run: () => T): Promise<T>
  read<T>(run: () => T): Promise<T>
  /** From now on checkpoints run between transactions, and the files are watched. */
  beginUpkeep(): void
  /** Ends the start, in which SQLite waits long for another process: from now on the event loop is not blocked for long. */
  endStart(): void
  engineCounts(): SqliteCounts
  close(): Promise<void>
}

/**
 * While starting nothing else is going on yet, and another process may be migrating the file, or sealing what is in it: 10 s in all, as it is
 * tried three times.
 */
const START_TIMEOUT_MS = 3_300
const BATCH_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
const WAL_LIMIT_BYTES = 64 * 1024 * 1024
/** Each commit is synced before it returns. */
const FULL = 2

const REPLACED: Words = { en: 'its file or its log was removed or replaced', zh: '其文件或日志已被删除或替换' }

const checkpointFailed = (error: unknown): Words => {
  const code = sqliteCodeOf(error)
  return { en: `a checkpoint failed: ${code}`, zh: `检查点失败：${code}` }
}

/**
 * Opens or creates the database file.
 *
 * @param onBroken told once, before anything is rejected because of it
 */
export const openConnection = (given: string, onBroken: (error: Error) => void): Connection => {
  const inMemory = given === ':memory:'
  const path = inMemory ? given : realPathOf(given)
  const client = openClient(path)

  const counts = createEngineCounts(storeErrorOf)
  const batches = createHistogram(BATCH_BOUNDS)
  const { attempt, breakDown, explain } = createAttempts({
    path: inMemory ? null : path,
    onFailed: counts.failed,
    onBroken,
  })
  let checkpoints: Checkpoints | null = null
  let watch: ReturnType<typeof watchFiles> | null = null
  const commits = createGroupCommit(client, {
    attempt: async run => {
      const outcomes = await counts.timed(() => attempt(run))
      batches.observe(outcomes.length)
      return outcomes
    },
    explain,
  })

  return {
    db: drizzle({ client }),
    client,
    path: inMemory ? null : path,
    write: commits.write,
    read: attempt,
    beginUpkeep: () => {
      assertSynced(client)
      if (inMemory) return
      watch = watchFiles([path, `${path}-wal`], () => void breakDown(REPLACED))
      checkpoints = createCheckpoints(client, error => void breakDown(checkpointFailed(error)))
    },
    endStart: () => {
      client.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    },
    engineCounts: () => ({
      ...{ kind: 'sqlite', ...counts.read(), batches: batches.read() },
      walPinnedMs: checkpoints?.pinnedMs() ?? 0,
    }),
    close: async () => {
      watch?.close()
      await commits.end()
      checkpoints?.close()
      client.close()
    },
  }
}

const openClient = (path: string): Database.Database => {
  const client = new Database(path, { timeout: START_TIMEOUT_MS })
  try {
    markOurs(client, path)
    useLog(client)
    client.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
    // SQLite does not tell of a checkpoint that fails within a commit: all of them are done, and judged, in checkpoints.ts.
    client.pragma('wal_autocheckpoint = 0')
    client.pragma(`synchronous = ${FULL}`)
    client.pragma('temp_store = MEMORY')
    // What is erased is overwritten wherever that costs no further write: in all but pages that become free as a whole.
    client.pragma('secure_delete = FAST')
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** Before the first write the pragma always answers FULL, so this is checked after one. */
const assertSynced = (client: Database.Database) => {
  const level = client.pragma('synchronous', { simple: true })
  if (level !== FULL) throw new Error(`SQLite does not sync each commit: synchronous is ${level}`)
}

/** Two processes that start on a new file at once both make it use a log; SQLite does not wait here, whatever its time-out. */
const useLog = (client: Database.Database) => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 50; ; tries--) {
    try {
      return client.pragma('journal_mode = WAL')
    } catch (error) {
      if (tries === 0 || judgeFailure(error) !== 'busy') throw error
      Atomics.wait(pause, 0, 0, 20)
    }
  }
}
