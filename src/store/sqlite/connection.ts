import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { AppError } from '../../core/error.ts'
import { type Checkpoints, createCheckpoints } from './checkpoints.ts'
import { drizzle } from './drizzle.ts'
import { createGroupCommit } from './group-commit.ts'

export type Db = ReturnType<typeof drizzle>

export interface Connection {
  db: Db
  client: Database.Database
  /**
   * Runs it atomically in a `BEGIN IMMEDIATE` transaction, which it may share with others; durable when the promise
   * resolves. `run` must not await, and must have no effect but on the database: it may be undone and run again.
   */
  write<T>(run: () => T): Promise<T>
  read<T>(run: () => T): Promise<T>
  /**
   * Ends the start, in which SQLite does its checkpoints within a commit and waits long for another process: from now on
   * they run on a thread of their own, and the event loop is not blocked for long.
   */
  endStart(): void
  close(): Promise<void>
}

/** The busy time-out blocks the event loop, so it is short, and waiting goes on asynchronously: 225 ms in all. */
const BUSY_TIMEOUT_MS = 50
const BUSY_PAUSES_MS = [25, 50]
/** While starting nothing else is going on yet, and another process may be migrating the file. */
const START_TIMEOUT_MS = 10_000
const RETRY_AFTER_MS = 1_000
/** Where the checkpoints beside the event loop do not keep up, SQLite does one within a commit. */
const LAST_RESORT_PAGES = 32_000
const WAL_LIMIT_BYTES = 64 * 1024 * 1024

/** Each commit is synced before it returns. */
const FULL = 2

/** Opens or creates the database file, readable by its owner only. */
export const openConnection = (path: string, onBroken: (error: Error) => void): Connection => {
  const inMemory = path === ':memory:'
  if (!inMemory) createPrivately(path)
  const client = new Database(path, { timeout: START_TIMEOUT_MS })
  useLog(client)
  client.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
  client.pragma(`synchronous = ${FULL}`)
  client.pragma('temp_store = MEMORY')

  const assertSynced = () => {
    // The pragma reads FULL until the first write, whatever it will be then.
    const level = client.pragma('synchronous', { simple: true })
    if (level !== FULL) throw new Error(`SQLite does not sync each commit: synchronous is ${level}`)
  }

  const attempt = async <T>(run: () => T): Promise<T> => {
    for (const pauseMs of [...BUSY_PAUSES_MS, null]) {
      try {
        return run()
      } catch (error) {
        if (pauseMs === null || !isBusy(error)) throw toAppError(error, onBroken)
        await sleep(pauseMs)
      }
    }
    throw new Error('unreachable')
  }

  let checkpoints: Checkpoints | null = null
  const commits = createGroupCommit(client, {
    attempt: async run => {
      await checkpoints?.whenOpen()
      const result = await attempt(run)
      checkpoints?.committed()
      return result
    },
    explain: error => toAppError(error, onBroken),
  })

  return {
    db: drizzle({ client }),
    client,
    write: commits.write,
    read: run => attempt(run),
    endStart: () => {
      assertSynced()
      client.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
      if (inMemory) return
      checkpoints = createCheckpoints({ path, logBytes: () => statSync(`${path}-wal`).size })
      client.pragma(`wal_autocheckpoint = ${LAST_RESORT_PAGES}`)
    },
    close: async () => {
      await commits.end()
      await checkpoints?.close()
      client.close()
    },
  }
}

/** Two processes that start on a new file at once both make it use a log; SQLite does not wait here, whatever its time-out. */
const useLog = (client: Database.Database) => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 50; ; tries--) {
    try {
      return client.pragma('journal_mode = WAL')
    } catch (error) {
      if (tries === 0 || !isBusy(error)) throw error
      Atomics.wait(pause, 0, 0, 20)
    }
  }
}

const createPrivately = (path: string) => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

/** drizzle wraps some errors of SQLite in its own. */
const causeOf = (error: unknown) => (error instanceof Error && error.cause !== undefined ? error.cause : error)
const codeOf = (error: unknown): string => {
  const cause = causeOf(error)
  const { code } = (cause ?? {}) as { code?: unknown }
  return cause instanceof Error && typeof code === 'string' ? code : ''
}
const isBusy = (error: unknown) => codeOf(error).startsWith('SQLITE_BUSY')

const PASSING = /^SQLITE_(BUSY|LOCKED|FULL|READONLY|CANTOPEN|IOERR_SHM)/
const BROKEN = /^SQLITE_(IOERR|CORRUPT|NOTADB)/

/** What the caller may know: the database is not available now. Everything that is not the database's is thrown as it is. */
const toAppError = (error: unknown, onBroken: (error: Error) => void): unknown => {
  const code = codeOf(error)
  if (PASSING.test(code)) return toUnavailable(code, () => {})
  return BROKEN.test(code) ? toUnavailable(code, onBroken) : error
}

const toUnavailable = (code: string, onBroken: (error: Error) => void): AppError => {
  const message = `the database cannot be used now (${code})`
  const unavailable = new AppError('unavailable', message, { retryAfterMs: RETRY_AFTER_MS })
  onBroken(unavailable)
  return unavailable
}
