import { createRequire } from 'node:module'
import { sql } from '../drizzle.ts'

export * from '../drizzle.ts'

/** As CommonJS: see ../drizzle.ts. */
const require = createRequire(import.meta.url)

export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
const columns = require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
export const { blob, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } = columns
const { check, customType } = columns
export const { migrate } =
  require('drizzle-orm/better-sqlite3/migrator') as typeof import('drizzle-orm/better-sqlite3/migrator')

/** Times are epoch ms. A `sealed` column is a secret or a person's data, encrypted by the vault. */
export const time = (name: string) => integer(name)
export const flag = (name: string) => integer(name, { mode: 'boolean' }).notNull().default(false)
export const sealed = customType<{ data: Buffer; driverData: unknown }>({
  dataType: () => 'blob',
  toDriver: bytes => bytes,
  // What a damaged file has instead of bytes does not open either, and is told where it is opened.
  fromDriver: value => (Buffer.isBuffer(value) ? value : Buffer.alloc(0)),
})
/** The database itself refuses what no rule may write. */
export const oneOf = (name: string, column: string, values: readonly string[]) =>
  check(name, sql.raw(`${column} IN (${values.map(value => `'${value}'`).join(', ')})`))
export const holds = (name: string, condition: string) => check(name, sql.raw(condition))
