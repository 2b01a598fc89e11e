import { createRequire } from 'node:module'
import type { ExtraConfigColumn } from 'drizzle-orm/pg-core'

export * from '../drizzle.ts'

/** CommonJS loads faster and takes less memory than the ES modules: see ../drizzle.ts. */
const require = createRequire(import.meta.url)
export const { drizzle } = require('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')
export const { migrate } =
  require('drizzle-orm/node-postgres/migrator') as typeof import('drizzle-orm/node-postgres/migrator')
export const pg = require('pg') as typeof import('pg')
const core = require('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
export const { getTableConfig } = core
const { bigint, boolean, check, customType, doublePrecision, index, integer, jsonb, pgTable, primaryKey, uniqueIndex } =
  core

const int8 = (name: string) => bigint(name, { mode: 'number' })
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** Column and table builders for `schema/`, whose types serve both engines. */
export const kit = {
  check,
  index,
  integer,
  primaryKey,
  uniqueIndex,
  bytes,
  table: pgTable,
  /** Compared byte by byte as in SQLite and JavaScript, whichever locale the database has: ids sort by creation. */
  text: <const Value extends string = string>(name: string, _?: { enum: readonly Value[] }) =>
    customType<{ data: Value }>({ dataType: () => 'text COLLATE "C"' })(name),
  /** An id or a count, up to 2^53. */
  int8,
  identity: (name: string) => int8(name).primaryKey().generatedAlwaysAsIdentity(),
  real: doublePrecision,
  json: jsonb,
  /** Epoch ms. */
  time: int8,
  flag: (name: string) => boolean(name).notNull().default(false),
  /** A secret or a person's data, encrypted by the vault. */
  sealed: bytes,
  /** Last column of an index: a numeric primary key, with which every SQLite index ends implicitly. */
  rowid: (column: ExtraConfigColumn) => [column],
  /** Index column with NULL first, as in SQLite. */
  nullsFirst: (column: ExtraConfigColumn) => column.asc().nullsFirst(),
  byEngine: <T>({ postgres }: { sqlite: T; postgres: T }): T => postgres,
}
export type Kit = typeof kit
