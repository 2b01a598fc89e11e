import { createRequire } from 'node:module'

/** As CommonJS, which loads faster and takes less memory than its ES modules: see sqlite/drizzle.ts. */
const require = createRequire(import.meta.url)
export const { drizzle } = require('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')
export const {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  getTableConfig,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  uniqueIndex,
} = require('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
export const { and, asc, desc, eq, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, or, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm')
export const { migrate } =
  require('drizzle-orm/node-postgres/migrator') as typeof import('drizzle-orm/node-postgres/migrator')
export const pg = require('pg') as typeof import('pg')
