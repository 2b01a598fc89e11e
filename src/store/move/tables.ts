import { CHANNEL_REFUSING, DELIVERIES_HELD } from '../operators/facts.ts'
import { getTableConfig } from '../postgres/drizzle.ts'
import * as schema from '../postgres/schema.ts'

/** A value in the form that both engines' drivers can use. */
export type Value = string | number | boolean | Buffer | null
/** In the order of the table's columns. */
export type Row = readonly Value[]

interface Column {
  name: string
  /** PostgreSQL's type, without its collation. */
  type: string
}

/** A table that is moved: its columns have the same names in the file. */
export interface MovedTable {
  name: string
  columns: readonly Column[]
  /** The identity column; null: none. */
  counter: string | null
  /** Condition on the rows to move; null: all. */
  where: string | null
}

/** All tables but the nodes and the counts kept by triggers. Facts about the file stay with it. */
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
  schema.history,
  schema.meta,
] as const

/** Tables of which only some rows are moved. */
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
