import { createRequire } from 'node:module'
import { sql } from '../drizzle.ts'

export * from '../drizzle.ts'

/** As CommonJS, which loads faster and takes less memory than its ES modules: see ../drizzle.ts. */
const require = createRequire(import.meta.url)
export const { drizzle } = require('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')
const columns = require('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
export const { doublePrecision, getTableConfig, index, integer, jsonb, pgTable, primaryKey, uniqueIndex } = columns
const { bigint, boolean, check, customType } = columns
export const { migrate } =
  require('drizzle-orm/node-postgres/migrator') as typeof import('drizzle-orm/node-postgres/migrator')
export const pg = require('pg') as typeof import('pg')

/** Compared byte by byte, as SQLite and JavaScript do, whatever the database's locale is: ids are in the order of their creation. */
export const text = <const Value extends string = string>(name: string, _?: { enum: readonly Value[] }) =>
  customType<{ data: Value }>({ dataType: () => 'text COLLATE "C"' })(name)
/** An id or a count, up to 2^53. */
export const int8 = (name: string) => bigint(name, { mode: 'number' })
export const identity = (name: string) => int8(name).primaryKey().generatedAlwaysAsIdentity()
/** Times are epoch ms. A `sealed` column is a secret or a person's data, encrypted by the vault. */
export const time = (name: string) => int8(name)
export const flag = (name: string) => boolean(name).notNull().default(false)
export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
export const sealed = (name: string) => bytes(name)

/** The database itself refuses what no rule may write. */
export const oneOf = (name: string, column: string, values: readonly string[]) =>
  check(name, sql.raw(`${column} IN (${values.map(value => `'${value}'`).join(', ')})`))
export const holds = (name: string, condition: string) => check(name, sql.raw(condition))
