import Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'
import { judgeFailure } from './failure.ts'

/** Wait for a service that is ending, or for a process that tests the lock. */
const WAIT_MS = 2_000

/**
 * Takes the lock of the only service of the database at the real path `path`, until it is released or the process ends
 * in any way. SQLite locks a file beside the database, since commands have the database open too.
 *
 * Throws a `StartError` if another service holds it. If the file cannot be created, it takes no lock: opening the
 * database then reports the cause.
 */
export const lockForService = (path: string): { release(): void } => {
  let client: Database.Database | null = null
  try {
    client = new Database(`${path}.lock`, { timeout: WAIT_MS })
    client.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    client?.close()
    if (judgeFailure(error) === 'busy') throw new StartError(otherService(path), { cause: error })
    return { release: () => {} }
  }
  return { release: client.close.bind(client) }
}

/** Whether a process holds the write lock beside a running service, which has the file open: so nothing is checkpointed. */
export const isKeptFromWriting = (path: string): boolean =>
  isBusy(`${path}.lock`, 'SELECT * FROM sqlite_schema') && isBusy(path, 'BEGIN IMMEDIATE; ROLLBACK')

const isBusy = (file: string, sql: string): boolean => {
  let client: Database.Database | null = null
  try {
    client = new Database(file, { fileMustExist: true, timeout: WAIT_MS })
    client.exec(sql)
    return false
  } catch (error) {
    return judgeFailure(error) === 'busy'
  } finally {
    client?.close()
  }
}

const otherService = (path: string) => ({
  en: `DATABASE_URL: another service has ${path} open: end it first, or use PostgreSQL for several`,
  zh: `DATABASE_URL：另一个服务正在使用 ${path}：请先停止它；需要运行多个服务时请使用 PostgreSQL`,
})
