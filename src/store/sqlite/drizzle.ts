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

/** As PostgreSQL's, by whose types the tables are known. */
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
    // What a damaged file has instead of bytes does not open either, and is told where it is opened.
    fromDriver: value => (Buffer.isBuffer(value) ? value : Buffer.alloc(0)),
  }),
  rowid: () => [],
  nullsFirst: <Column>(column: Column) => column,
  byEngine: <T>({ sqlite }: { sqlite: T }): T => sqlite,
} satisfies Record<keyof Kit, unknown> as unknown as Kit
