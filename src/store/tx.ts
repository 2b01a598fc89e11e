import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type * as schema from './sqlite/schema.ts'

/**
 * A transaction as the verbs of both engines use it. A verb awaits nothing else within one: SQLite has one connection,
 * and any other work meanwhile would join its transaction.
 */
export interface Tx {
  /** When it began, in epoch ms by the store's clock. */
  readonly at: number
  readonly dialect: Dialect
  /**
   * drizzle's builder, for reads of one table that lock nothing: its rows have the types of `schema` on both engines.
   * All else is SQL (`all`, `each`): joins, locks, recursion, deletions and changes by condition.
   */
  readonly select: NodePgDatabase['select']
  readonly schema: Schema
  /**
   * Runs a statement and returns its rows, with its column names. `@name` stands for a value, for a list where the text
   * uses `dialect.list`, or for rows where it uses `dialect.rows`. A result named `is…` or `has…` is a boolean.
   * PostgreSQL may not have run a statement without results yet: if that fails, so does the transaction.
   */
  all<Row>(sql: Sql, values?: Values): Promise<Row[]>
  /** Runs the statement once per element; returns the rows of each, in order. All have the same names and types. */
  each<Row>(sql: Sql, values: readonly Values[]): Promise<Row[][]>
  /**
   * Inserts rows that have the same columns; columns missing from all get their defaults. Returns the ids that the
   * table assigns, in the order of the rows.
   *
   * @param keys the unique columns of a table with ids, where others may insert the same rows at once: rows are
   *   inserted in key order, so that no two transactions wait for each other
   */
  insert<Name extends TableName>(
    table: Name,
    rows: readonly NewRow<Name>[],
    keys?: readonly (keyof NewRow<Name> & string)[],
  ): Promise<number[]>
  /** Finds rows by `keys`, which are columns of each, and writes their other columns. */
  update<Name extends TableName>(
    table: Name,
    keys: readonly Column<Name>[],
    rows: readonly Partial<Row<Name>>[],
  ): Promise<void>
  /**
   * Locks these names until the transaction ends, for objects that have no row to lock yet. `shared`: others may hold
   * it shared at the same time.
   */
  lock(names: readonly string[], mode?: 'alone' | 'shared'): Promise<void>
}

export interface Transactions {
  /**
   * Runs it in one transaction, durable when the promise resolves. It may be undone and run again as a whole, so it
   * must affect only the database. If the response to its COMMIT is lost, it rejects as `unavailable`, though it may be
   * durable.
   *
   * @param when `soon`: no caller waits for it, so on SQLite it may let others join its transaction for some ms
   */
  write<T>(run: (tx: Tx) => Promise<T>, when?: 'soon'): Promise<T>
  /** All reads see the state of one moment. */
  read<T>(run: (tx: Tx) => Promise<T>): Promise<T>
}

export type Values = Readonly<Record<string, unknown>>
/** A statement, or a function that makes it once per engine: a constant of its module. */
export type Sql = string | ((dialect: Dialect) => string)

/** The tables, which both engines have. */
type Schema = typeof schema
export type TableName = keyof Schema
export type Row<Name extends TableName> = Schema[Name]['$inferSelect']
export type NewRow<Name extends TableName> = Schema[Name]['$inferInsert']
export type Column<Name extends TableName> = keyof Row<Name> & string

export type ParameterType = 'int8' | 'float8' | 'text' | 'bool'

/** SQL that differs between the engines, and how. SQLite locks nothing: it has one writer. */
export interface Dialect {
  /**
   * `id IN ${list('ids', 'int8')}`: the values of a parameter that is a list. PostgreSQL has arrays for it and needs
   * their type, SQLite reads JSON.
   */
  list(parameter: string, type: ParameterType): string
  /**
   * The rows of a parameter as a table of its name: `rows('urls', { partnerId: 'text' })` has the column
   * `urls.partner_id`, and `urls.nth`, which counts from 1. PostgreSQL gets an array per column, SQLite JSON.
   */
  rows(parameter: string, columns: Readonly<Record<string, ParameterType>>): string
  /**
   * After a SELECT: PostgreSQL locks the rows against changes until the transaction ends (FOR NO KEY UPDATE).
   * `skipLocked` with a LIMIT within IN needs MATERIALIZED: otherwise PostgreSQL may run it again for each row, and
   * find others each time.
   */
  forUpdate(options?: { of?: string; skipLocked?: boolean }): string
  /** After a SELECT: PostgreSQL locks the rows against removal. */
  forKeyShare: string
  /** After a SELECT of rows to remove: PostgreSQL waits for all locks on them, `forKeyShare` too. */
  forRemoval: string
  /**
   * `joinByLookup('lanes l', 'l.id = m.lane_id')`: a JOIN, or with 'or none' a LEFT JOIN, that runs one lookup per row.
   * PostgreSQL may read the whole table for a plain join, so it gets LATERAL; SQLite gets a join in the written order.
   * Never of a view with a join, which SQLite would materialize.
   */
  joinByLookup(table: `${string} ${string}`, on: string, which?: 'all' | 'or none'): string
  /**
   * `first('lanes l', 'l.id > before.id ORDER BY l.id')`: joins only the first row. SQLite has no LATERAL, so a subquery
   * finds the row's id.
   */
  first(table: `${string} ${string}`, which: string): string
  /** In ORDER BY: NULL first, which PostgreSQL has last by default and SQLite first. */
  nullsFirst: string
  /**
   * Run by `probe` before it updates a row. On PostgreSQL that update may still fit into its page: these take an
   * insert's locks and, briefly, some disk pages. SQLite needs none.
   */
  probeStatements: readonly string[]
}

export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** `l.id, l.due_at AS "dueAt"`: columns of a table, named as in a `Row`. `alias`: the table's name in the statement. */
export const columnsOf = <Name extends TableName>(
  _table: Name,
  names: readonly Column<Name>[],
  alias: string | null = null,
): string => {
  const prefix = alias === null ? '' : `${alias}.`
  return names
    .map(name => (snakeCase(name) === name ? `${prefix}${name}` : `${prefix}${snakeCase(name)} AS "${name}"`))
    .join(', ')
}
