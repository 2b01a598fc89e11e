import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'
import { MOVED_TO } from '../operators/facts.ts'
import type { Sealed } from '../sealed.ts'
import { putFact } from '../sqlite/facts.ts'
import { judgeFailure } from '../sqlite/failure.ts'
import { ageOf, canaryOf } from '../sqlite/opening.ts'
import { lockForService } from '../sqlite/service-lock.ts'
import type { MovedTable, Row, Value } from './tables.ts'

const BATCH = 1_000

/** A file that is being moved: no other process may write to it meanwhile. */
export type Source = ReturnType<typeof openSource>

/**
 * Opens the file for a move, and holds the writers' lock until it is closed or this process ends. Throws a `StartError`
 * if the file is missing, in use, of another schema, or of another key.
 */
export const openSource = (path: string, { sealed }: { sealed: Sealed }) => {
  if (!existsSync(path)) throw new StartError(noFile(path))
  const lock = lockForService(path)
  const client = new Database(path, { fileMustExist: true, timeout: 0 })
  try {
    client.exec('BEGIN IMMEDIATE')
    if (ageOf(client) !== 'current') throw new StartError(OTHER_SCHEMA)
    const canary = canaryOf(client)
    if (canary === null || !sealed.canary.isOurs(canary)) throw new StartError(OTHER_KEY)
    return sourceOf(client, lock)
  } catch (error) {
    client.close()
    lock.release()
    throw judgeFailure(error) === 'busy' ? inUse(path) : error
  }
}

const sourceOf = (client: Database.Database, lock: ReturnType<typeof lockForService>) => {
  return {
    count: ({ name, where }: MovedTable): number =>
      client
        .prepare<[], number>(`SELECT count(*) FROM ${name} ${where ? `WHERE ${where}` : ''}`)
        .pluck()
        .get() ?? 0,

    /** Yields all rows in batches. Run no other statement before it has ended. */
    *read({ name, columns, where }: MovedTable): Generator<Row[]> {
      const names = columns.map(column => column.name).join(', ')
      const statement = client
        .prepare<[], Value[]>(`SELECT ${names} FROM ${name} ${where ? `WHERE ${where}` : ''}`)
        .raw()
      let batch: Row[] = []
      for (const row of statement.iterate()) {
        batch.push(columns.map(({ type }, i) => fromSqlite(type, row[i] as Value)))
        if (batch.length < BATCH) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },

    /** Returns the highest number that a counter has given; 0 if none. */
    lastOf: ({ name, counter }: MovedTable): number =>
      counter === null
        ? 0
        : (client.prepare<[string], number>('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck().get(name) ?? 0),

    /** Keeps services from the file from now on, and commits. */
    markMoved: (to: string): void => {
      putFact(client, MOVED_TO, to)
      client.exec('COMMIT')
    },

    close: (): void => {
      client.close()
      lock.release()
    },
  }
}

const WHOLE: ReadonlySet<string> = new Set(['bigint', 'integer'])

/**
 * SQLite has no booleans, and accepts fractions of a ms in integer columns. A damaged file may have text or a number
 * for a sealed value, which opens in neither database.
 */
const fromSqlite = (type: string, value: Value): Value => {
  if (value === null || Buffer.isBuffer(value)) return value
  if (typeof value === 'number' && WHOLE.has(type)) return Math.round(value)
  if (type === 'boolean') return value === 1
  return type === 'bytea' ? Buffer.from(String(value)) : value
}

const inUse = (path: string) =>
  new StartError({
    en: `--from: another process has ${path} open: stop the service, and run this again`,
    zh: `--from：另一个进程正在使用 ${path}：请先停止服务，然后重新运行`,
  })

const noFile = (path: string) => ({ en: `--from: there is no ${path}`, zh: `--from：没有 ${path}` })
const OTHER_SCHEMA = {
  en: '--from: this file is at the schema of another version: run "migrate" of this version on it first',
  zh: '--from：该文件的结构属于其他版本：请先用本版本对它运行 migrate',
}
const OTHER_KEY = {
  en: 'MASTER_KEY is not the key that the file was written with; a key that stands beside the file has to become MASTER_KEY, since every node needs it',
  zh: 'MASTER_KEY 不是写入该文件的密钥；若密钥保存在数据库旁的 .key 文件中，请把它设为 MASTER_KEY，因为每个节点都需要它',
}
