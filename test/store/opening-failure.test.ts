import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { StartError } from '../../src/core/error.ts'
import { explainOpening, mayPass } from '../../src/store/open.ts'
import { unavailableBy } from '../../src/store/unavailable.ts'

const PATH = '/srv/data/notifier.db'

const systemError = (code: string, path?: string) => Object.assign(new Error(`${code}: as Node says`), { code, path })
const sqliteError = (code: string) => new Database.SqliteError('as SQLite says', code)

test.each([
  {
    error: systemError('EACCES', '/srv/data'),
    says: /^DATABASE_URL: \/srv\/data\/notifier\.db cannot be used \(EACCES\): \S+ \(uid \d+\) may not .*chown/,
  },
  { error: systemError('EROFS', `${PATH}.aBc123`), says: /^DATABASE_URL: \/srv\/data\/notifier\.db .*mount the disk/ },
  { error: systemError('EACCES', `${PATH}.key`), says: /^MASTER_KEY: \/srv\/data\/notifier\.db\.key .*\(uid \d+\)/ },
  { error: sqliteError('SQLITE_CANTOPEN'), says: /^DATABASE_URL: \/srv\/data\/notifier\.db .*uid.*-wal and -shm/ },
  { error: sqliteError('SQLITE_READONLY_DBMOVED'), says: /^DATABASE_URL: .*read-only/ },
  {
    error: unavailableBy('SQLITE_FULL', 'full'),
    says: /^DATABASE_URL: .*\(SQLITE_FULL\): Free some space/,
  },
  { error: sqliteError('SQLITE_IOERR_SHMSIZE'), says: /^DATABASE_URL: .*\(SQLITE_IOERR_SHMSIZE\): Free some space/ },
  {
    error: unavailableBy('SQLITE_BUSY', 'busy'),
    says: /Another process keeps the database busy\. "fuser -v \/srv/,
  },
])('a start said only "$error.code", without the setting, the path or a remedy', ({ error, says }) => {
  const explained = explainOpening(error, PATH) as StartError
  expect(explained.message).toMatch(says)
  // The service that could not start was not to be stopped.
  expect(explained.message).not.toContain('stop')
  // It was told in English only.
  expect(explained.words.zh).toMatch(
    /^(DATABASE_URL|MASTER_KEY)：无法使用 \/srv\/data.*（\w+）：.*\p{Script=Han}.*。$/u,
  )
})

test.each([
  [systemError('ENOSPC', PATH), true],
  [unavailableBy('SQLITE_BUSY', 'busy'), true],
  [sqliteError('SQLITE_FULL'), true],
  [sqliteError('SQLITE_IOERR_SHMSIZE'), true],
  [sqliteError('SQLITE_IOERR_SHMOPEN'), false],
  [systemError('EACCES', PATH), false],
  [sqliteError('SQLITE_CANTOPEN'), false],
  [new Error('the database is damaged'), false],
])('%s may pass by itself: %s', (error, passes) => {
  expect(mayPass(explainOpening(error, PATH))).toBe(passes)
})
