import Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'
import { judgeFailure } from './failure.ts'

/** One that is just ending, or that is asked whether it is there. */
const WAIT_MS = 2_000

/**
 * Takes the lock that the only service of the database at the real path `path` has, until it is released or the process ends, however it
 * ends. It is a lock of SQLite's on a file beside the database, which commands have open too.
 *
 * Throws a `StartError` where another service has it. Where the file cannot be made there is no lock: why is told when the database is
 * opened.
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

const otherService = (path: string) => ({
  en: `DATABASE_URL: another service has ${path} open: end it first, or use PostgreSQL for several`,
  zh: `DATABASE_URL：另一个服务正在使用 ${path}：请先停止它；需要运行多个服务时请使用 PostgreSQL`,
})
