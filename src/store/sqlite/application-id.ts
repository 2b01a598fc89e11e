import type Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'

/** `idfn`: stands in the header of each database of ours. */
const APPLICATION_ID = 0x69_64_66_6e

export const hasOurId = (client: Database.Database): boolean =>
  client.pragma('application_id', { simple: true }) === APPLICATION_ID

/** Marks a new database as ours. Throws, and leaves it as it was, where it is of something else. */
export const markOurs = (client: Database.Database, path: string): void => {
  // Another process that makes the same database marks it before it makes a table.
  const isEmpty = client.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (hasOurId(client)) return
  if (!isEmpty || client.pragma('application_id', { simple: true }) !== 0)
    throw new StartError({
      en: `DATABASE_URL: ${path} is the SQLite database of something else and was left as it is; name another file`,
      zh: `DATABASE_URL：${path} 是其他程序的 SQLite 数据库，未作改动；请改用其他文件`,
    })
  client.pragma(`application_id = ${APPLICATION_ID}`)
}
