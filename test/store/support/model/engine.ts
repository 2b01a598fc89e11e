import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as schema from '../../../../src/store/sqlite/schema.ts'
import type { Store } from '../../../../src/store/store.ts'

/** By the name that both engines have for it: the key by which its rows are in order. */
const KEYS = {
  verifications: ['id'],
  registrations: ['id'],
  message_bodies: ['seq'],
  deliveries: ['seq'],
  lanes: ['id'],
  attempts: ['message_seq', 'n'],
  callbacks: ['partner_id', 'callback_url'],
  bulk_acts: ['id'],
  accounts: ['id'],
  partners: ['id'],
}
export type Table = keyof typeof KEYS
export const TABLES = Object.keys(KEYS) as Table[]

/** The tables that a history writes, those that are compared among them. */
export const STORED = [...TABLES, 'completion_bins', 'signing_secrets', 'api_keys']

/** Of a column that is sealed: whether it is there. */
const SEALED: Readonly<Record<string, string>> = {
  metadata: 'length(metadata) > 2',
  verdict: 'verdict IS NOT NULL',
  body: 'length(body) > 0',
}
/** Sealed and always there, or in a form of the engine. */
const NOT_COMPARED = ['api_key', 'filter']

/** Reads what is compared of it, in the SQL of both engines. */
export const selectAll = (table: Table): string => {
  const tables = Object.values(schema as unknown as Record<string, SQLiteTable>).map(one => getTableConfig(one))
  const compared = tables.find(({ name }) => name === table)?.columns.filter(({ name }) => !NOT_COMPARED.includes(name))
  const columns = compared?.map(({ name, dataType }) => {
    const isTrue = SEALED[name] ?? (dataType === 'boolean' ? name : null)
    return isTrue === null ? name : `CAST((${isTrue}) AS integer) AS ${name}`
  })
  return `SELECT ${columns} FROM ${table} ORDER BY ${KEYS[table]}`
}

export type Row = Readonly<Record<string, unknown>>

/** The state of a database at one moment. */
export interface Contents {
  tables: Record<Table, readonly Row[]>
  /** The invariants that do not hold. */
  broken: readonly string[]
}

/** A database that histories are run on, with what the model test does to it beside calling the store. */
export interface Engine {
  name: string
  /** Whether calls that begin in one turn of the event loop are done in their order. */
  inTurn: boolean
  /** Two of one database, by one clock. */
  handles: readonly [Store, Store]
  read(): Promise<Contents>
  /** The work of nodes beside the calls. */
  upkeep(): Promise<unknown>
  /**
   * Gives what puts everything back as it is now, but adds `suffix` to the ids of the accounts: a store remembers which of them
   * is next.
   */
  save(): Promise<(suffix: string) => Promise<void>>
  [Symbol.asyncDispose](): Promise<void>
}

export type OpenEngine = (now: () => number) => Promise<Engine>
