import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { yieldToLoop } from '../../core/clock.ts'
import { type AppError, StartError } from '../../core/error.ts'
import { createHistogram } from '../../core/histogram.ts'
import type { Words } from '../../core/language.ts'
import type { OpenAs } from '../opening.ts'
import { createEngineCounts } from '../stats/engine-counts.ts'
import type { SqliteCounts } from '../stats/stats.ts'
import type { Transactions } from '../tx.ts'
import { unavailable, unavailableBy } from '../unavailable.ts'
import { type Checkpoints, createCheckpoints } from './checkpoints.ts'
import { markUnchecked, realPathOf, watchFiles } from './database-file.ts'
import { isDamage, judgeFailure, sqliteCodeOf, storeErrorOf } from './failure.ts'
import { createGroupCommit } from './group-commit.ts'
import { createTxs } from './tx.ts'

/** The busy timeout blocks the event loop, so it is short; further waiting is asynchronous: 225 ms in all. */
export const BUSY_TIMEOUT_MS = 50
const BUSY_PAUSES_MS = [25, 50]

/**
 * Runs operations of a connection, and retries while the database is busy. After a disk error it runs nothing more.
 *
 * @param path the database's real path; null if it is in memory
 * @param onFailed called with each SQLite error that reaches a caller
 * @param onBroken called once, before any call rejects with that error
 */
export const createAttempts = ({
  path,
  onFailed = () => {},
  onBroken,
}: {
  path: string | null
  onFailed?: (error: unknown) => void
  onBroken: (error: Error) => void
}) => {
  let broken: AppError | null = null
  const breakDown = (error: AppError): AppError => {
    if (broken === null) {
      broken = error
      if (isDamage(broken) && path !== null) markUnchecked(path)
      onBroken(broken)
    }
    return broken
  }
  /** Returns the error for the caller: `unavailable` for an error of the database; other errors unchanged. */
  const explain = (error: unknown): unknown => {
    const failure = judgeFailure(error)
    if (failure === null) return error
    onFailed(error)
    const callerError = unavailableBy(sqliteCodeOf(error), storeErrorOf(error))
    return failure === 'broken' ? breakDown(callerError) : callerError
  }
  const attempt = async <T>(run: () => T | Promise<T>): Promise<T> => {
    for (const pauseMs of [...BUSY_PAUSES_MS, null]) {
      if (broken) throw broken
      try {
        return await run()
      } catch (error) {
        if (pauseMs === null || judgeFailure(error) !== 'busy') throw explain(error)
        await sleep(pauseMs)
      }
    }
    throw new Error('unreachable')
  }
  return { attempt, breakDown, explain }
}

/** `idfn`: in the header of each of our databases. */
const APPLICATION_ID = 0x69_64_66_6e

export const hasOurId = (client: Database.Database): boolean =>
  client.pragma('application_id', { simple: true }) === APPLICATION_ID

/** Marks a new database as ours. Throws, without changing it, if it belongs to another application. */
const markOurs = (client: Database.Database, path: string): void => {
  // Read before the id: another process that creates this database sets the id before it makes a table.
  const isEmpty = client.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (hasOurId(client)) return
  if (!isEmpty || client.pragma('application_id', { simple: true }) !== 0)
    throw new StartError({
      en: `DATABASE_URL: ${path} is the SQLite database of something else and was left as it is; name another file`,
      zh: `DATABASE_URL：${path} 是其他程序的 SQLite 数据库，未作改动；请改用其他文件`,
    })
  client.pragma(`application_id = ${APPLICATION_ID}`)
}

/**
 * After a disk error the disk's content is unreliable: nothing more is read or acknowledged, and the process must
 * restart.
 */
export interface Connection extends Transactions {
  client: Database.Database
  /** The file's real path; null if it is in memory. */
  path: string | null
  /** Runs it outside a transaction, and retries while the database is busy. */
  attempt<T>(run: () => T): Promise<T>
  /**
   * Ends the start: checkpoints now run between transactions, and the files are watched. A busy file no longer blocks
   * the event loop for long, except in a command, which has nothing else to do.
   */
  beginUpkeep(): void
  engineCounts(): SqliteCounts
  close(): Promise<void>
}

/**
 * Busy timeout during the start, 10 s in three tries: nothing else runs yet, and another process may be migrating the
 * file or sealing its content.
 */
const START_TIMEOUT_MS = 3_300
const READER_TIMEOUT_MS = 250
const BATCH_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
/** Short compared to a poll or a webhook, and long enough to collect most writes of that time. */
const GATHER_MS = 10
const WAL_LIMIT_BYTES = 64 * 1024 * 1024
/** Each commit is synced before it returns. */
const FULL = 2

const REPLACED: Words = { en: 'its file or its log was removed or replaced', zh: '其文件或日志已被删除或替换' }

const checkpointFailed = (error: unknown): AppError => {
  const code = sqliteCodeOf(error)
  return unavailable({ en: `a checkpoint failed: ${code}`, zh: `检查点失败：${code}` }, code)
}

/**
 * Opens or creates the database file.
 *
 * @param onBroken called once, before any call rejects with that error
 */
export const openConnection = (
  location: string,
  { now, onBroken, as }: { now: () => number; onBroken: (error: Error) => void; as?: OpenAs | undefined },
): Connection => {
  const inMemory = location === ':memory:'
  const path = inMemory ? location : realPathOf(location)
  const client = openClient(path, as === 'reader' ? READER_TIMEOUT_MS : START_TIMEOUT_MS)

  const counts = createEngineCounts(storeErrorOf)
  const batches = createHistogram(BATCH_BOUNDS)
  const { attempt, breakDown, explain } = createAttempts({
    path: inMemory ? null : path,
    onFailed: counts.failed,
    onBroken,
  })
  let checkpoints: Checkpoints | null = null
  let watch: ReturnType<typeof watchFiles> | null = null
  const beginAt = createTxs(client)
  const begin = () => beginAt(now())
  const reading = createReads(client)
  const commits = createGroupCommit(client, as === 'service' ? GATHER_MS : 0, {
    begin,
    attempt: async run => {
      const outcomes = await counts.timed(() => attempt(run))
      batches.observe(outcomes.length)
      return outcomes
    },
    explain,
  })

  return {
    client,
    path: inMemory ? null : path,
    write: commits.write,
    read: run => attempt(() => reading(() => run(begin()))),
    attempt,
    beginUpkeep: () => {
      assertSynced(client)
      if (as !== 'command' && as !== 'reader') client.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
      if (inMemory) return
      watch = watchFiles([path, `${path}-wal`], () => void breakDown(unavailable(REPLACED)))
      checkpoints = createCheckpoints(client, error => void breakDown(checkpointFailed(error)))
    },
    engineCounts: () => ({
      kind: 'sqlite',
      ...counts.read(),
      batches: batches.read(),
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

/** Runs each read in a separate turn of the event loop, between two groups of writes: it sees one committed state. */
export const createReads = (client: Database.Database) => {
  const [begin, commit] = ['BEGIN', 'COMMIT'].map(text => client.prepare(text))
  return async <T>(run: () => T | Promise<T>): Promise<T> => {
    await yieldToLoop()
    if (client.inTransaction) throw new Error('a verb has awaited something else than its transaction')
    begin?.run()
    try {
      return await run()
    } finally {
      if (client.inTransaction) commit?.run()
    }
  }
}

const openClient = (path: string, timeout: number): Database.Database => {
  const client = new Database(path, { timeout })
  try {
    // New files only. A commit writes whole pages, and usual commits change a few rows in each of many tables.
    client.pragma('page_size = 2048')
    markOurs(client, path)
    useLog(client)
    client.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
    // SQLite does not report a checkpoint that fails within a commit, so checkpoints.ts runs and checks all of them.
    client.pragma('wal_autocheckpoint = 0')
    client.pragma(`synchronous = ${FULL}`)
    client.pragma('temp_store = MEMORY')
    // Overwrites erased content where that costs no further write: everywhere but in pages that become free as a whole.
    client.pragma('secure_delete = FAST')
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** Called after a write: before the first write the pragma always returns FULL. */
const assertSynced = (client: Database.Database) => {
  const level = client.pragma('synchronous', { simple: true })
  if (level !== FULL) throw new Error(`SQLite does not sync each commit: synchronous is ${level}`)
}

/** Two processes that start on a new file both switch it to WAL, and SQLite ignores its busy timeout here. */
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
