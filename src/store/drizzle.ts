import { createRequire } from 'node:module'

/**
 * drizzle's ES modules are hundreds of files: 300 ms and 190 MB at start. As CommonJS the same library loads in 50 ms
 * and 20 MB, so it is required, here and for each engine.
 */
const require = createRequire(import.meta.url)

/** Builders of conditions, the same for both engines. */
export const { and, asc, desc, eq, getTableColumns, getTableName, gt, gte, isNull, lt, lte, ne, or, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm')

/** For a CHECK: the database refuses any other value. */
export const isOneOf = (column: string, values: readonly string[]) =>
  sql.raw(`${column} IN (${values.map(value => `'${value}'`).join(', ')})`)
