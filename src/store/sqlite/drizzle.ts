import { createRequire } from 'node:module'
import type { Kit } from '../postgres/drizzle.ts'

export * from '../drizzle.ts'

/** As CommonJS: see ../drizzle.ts. */
const require = createRequire(import.meta.url)

export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
export const { migrate } =
  require('drizzle-orm/better-sqlite3/migrator') as typeof import('drizzle-orm/better-sqlite3/migrator')
const core = require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
const { blob, check, customType, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } = core

/** SQLite's version of PostgreSQL's `kit`, whose types describe the tables of both engines. */
export const kit = {
  check,
  index,
  integer,
  primaryKey,
  real,
  uniqueIndex,
  table: sqliteTable,
  text: (name: string) => text(name),
  int8: integer,
  identity: (name: string) => integer(name).primaryKey({ autoIncrement: true }),
  json: (name: string) => text(name, { mode: 'json' }),
  time: integer,
  flag: (name: string) => integer(name, { mode: 'boolean' }).notNull().default(false),
  bytes: (name: string) => blob(name, { mode: 'buffer' }),
  sealed: customType<{ data: Buffer; driverData: unknown }>({
    dataType: () => 'blob',
    toDriver: bytes => bytes,
    // A damaged file may hold another type: empty bytes cannot be opened either, and opening them reports the damage.
    fromDriver: value => (Buffer.isBuffer(value) ? value : Buffer.alloc(0)),
  }),
  rowid: () => [],
  nullsFirst: <Column>(column: Column) => column,
  byEngine: <T>({ sqlite }: { sqlite: T }): T => sqlite,
} satisfies Record<keyof Kit, unknown> as unknown as Kit
