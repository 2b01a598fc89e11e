import { CHANNEL_REFUSING, DELIVERIES_HELD } from '../operators/facts.ts'
import { getTableConfig } from '../postgres/drizzle.ts'
import * as schema from '../postgres/schema.ts'

/** A value as both engines' drivers can be brought to give it. */
export type Value = string | number | boolean | Buffer | null
/** In the order of the table's columns. */
export type Row = readonly Value[]

interface Column {
  name: string
  /** Of PostgreSQL, without its collation. */
  type: string
}

/** A table that is moved: its columns have the same names in the file. */
export interface MovedTable {
  name: string
  columns: readonly Column[]
  /** The column that counts by itself. */
  counter: string | null
  /** Only these rows. */
  where: string | null
}

/** What is moved: all but what triggers count, and which nodes there are. Facts that are about the file stay with it. */
const MOVED = [
  schema.partners,
  schema.accounts,
  schema.apiKeys,
  schema.signingSecrets,
  schema.adminTokens,
  schema.lanes,
  schema.verifications,
  schema.registrations,
  schema.messageBodies,
  schema.deliveries,
  schema.attempts,
  schema.callbacks,
  schema.contacts,
  schema.toldCallbacks,
  schema.completionBins,
  schema.bulkActs,
  schema.acts,
  schema.operatorEvents,
  schema.meta,
] as const

/** Of these tables only some rows. */
const MOVED_ROWS: Readonly<Record<string, string>> = {
  meta: `key IN ('${DELIVERIES_HELD.name}', '${CHANNEL_REFUSING.name}')`,
}

const tableOf = (table: (typeof MOVED)[number]): MovedTable => {
  const { name, columns } = getTableConfig(table)
  return {
    name,
    columns: columns.map(column => ({ name: column.name, type: column.getSQLType().replace(/ COLLATE.*/, '') })),
    counter: columns.find(column => column.generatedIdentity !== undefined)?.name ?? null,
    where: MOVED_ROWS[name] ?? null,
  }
}

export const MOVED_TABLES: readonly MovedTable[] = MOVED.map(tableOf)
