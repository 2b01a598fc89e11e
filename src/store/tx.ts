import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type * as schema from './sqlite/schema.ts'

/**
 * A transaction, as the verbs of both engines use it. A verb awaits nothing else within one: SQLite has one connection for all, and
 * whatever else ran meanwhile would be in its transaction.
 */
export interface Tx {
  /** Epoch ms: when it began, by the clock of decisions. */
  readonly at: number
  readonly dialect: Dialect
  /** For statements of few rows: drizzle's builder, with PostgreSQL's types for both engines. What only one of them has is in `dialect`. */
  readonly db: NodePgDatabase
  readonly schema: Schema
  /**
   * Runs a statement; its rows, with the names that it gives its columns. `@name` in the text stands for a value, a list of them where the
   * text says `dialect.list`, or rows where it says `dialect.rows`. A result named `is…` or `has…` is a boolean. Where it answers nothing,
   * PostgreSQL may not have run it yet: if it fails, so does the transaction.
   */
  all<Row>(sql: Sql, values?: Values): Promise<Row[]>
  /** The statement once for each of them; its rows, in their order. All have the same names, and types. */
  each<Row>(sql: Sql, values: readonly Values[]): Promise<Row[][]>
  /**
   * The same columns of each row; what is left out of all has its default. In the order of the rows, the ids that the table gives them.
   *
   * @param keys the unique columns of a table with ids, where others may insert the same rows at once: they are inserted in their
   * order, so that no two transactions wait for each other
   */
  insert<Name extends TableName>(
    table: Name,
    rows: readonly NewRow<Name>[],
    keys?: readonly (keyof NewRow<Name> & string)[],
  ): Promise<number[]>
  /** By the keys, which are columns of each row, writes the others. */
  update<Name extends TableName>(
    table: Name,
    keys: readonly Column<Name>[],
    rows: readonly Partial<Row<Name>>[],
  ): Promise<void>
  /**
   * Until the transaction ends nobody else has a lock of one of these names: for what has no row yet that could be locked. `shared`: but
   * for those who share it too.
   */
  lock(names: readonly string[], how?: 'alone' | 'shared'): Promise<void>
}

export interface Transactions {
  /**
   * Runs it in one transaction, durable when the promise resolves. It may be undone and run again as a whole, so it must have no
   * effect but on the database. Where the answer to its COMMIT is lost it rejects as `unavailable`, though it may be durable.
   *
   * @param when `soon`: nobody waits for it, so on SQLite it may let others join its transaction for some ms
   */
  write<T>(run: (tx: Tx) => Promise<T>, when?: 'soon'): Promise<T>
  /** All that it reads is of one moment. */
  read<T>(run: (tx: Tx) => Promise<T>): Promise<T>
}

export type Values = Readonly<Record<string, unknown>>
/** A text, or what makes it for an engine, once: a constant of its module. */
export type Sql = string | ((dialect: Dialect) => string)

/** The tables that both engines have. */
type Schema = typeof schema
export type TableName = keyof Schema
export type Row<Name extends TableName> = Schema[Name]['$inferSelect']
export type NewRow<Name extends TableName> = Schema[Name]['$inferInsert']
export type Column<Name extends TableName> = keyof Row<Name> & string

export type ParameterType = 'int8' | 'float8' | 'text' | 'bool'

/** What the two engines say differently. */
export interface Dialect {
  /** `id IN ${list('ids', 'int8')}`: the values of a parameter that is a list. */
  list(parameter: string, type: ParameterType): string
  /**
   * A table of the rows that a parameter is, by its name: `rows('urls', { partnerId: 'text' })` has the column `urls.partner_id`, and
   * `urls.nth`, which counts from 1.
   */
  rows(parameter: string, columns: Readonly<Record<string, ParameterType>>): string
  /**
   * Behind a SELECT: keeps others from changing the rows until the transaction ends. SQLite has one writer anyway. With `skipLocked` and a
   * LIMIT behind IN only as MATERIALIZED: else PostgreSQL may run it anew for each row, and finds others each time.
   */
  forUpdate(how?: { of?: string; skipLocked?: boolean }): string
  /** Keeps others from removing the rows. */
  forKeyShare: string
  /** Behind a SELECT, before its rows are removed: waits for whoever has any lock of them. */
  forRemoval: string
  /**
   * `lookUp('lanes l', 'l.id = m.lane_id')`: JOIN, or with 'or none' LEFT JOIN, that looks each row up. A plain one may read all of the table
   * on PostgreSQL, and on SQLite none may be of a view that joins: it would be made as a whole.
   */
  lookUp(table: `${string} ${string}`, on: string, which?: 'all' | 'or none'): string
  /** `first('lanes l', 'l.id > before.id ORDER BY l.id')`: the same, of the first row alone. */
  first(table: `${string} ${string}`, which: string): string
  /** A query of the builder, with `forUpdate`. */
  locked<Query extends Lockable>(query: Query): Query
  /** In ORDER BY: NULL comes first, as it does in SQLite. */
  nullsFirst: string
  /** Take the locks that new rows need, and a few pages of the disk for a moment: what is updated may still fit in where it stands. */
  takeRoom: readonly string[]
}
interface Lockable {
  for(strength: 'no key update'): unknown
}

export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** `l.id, l.due_at AS "dueAt"`: columns of a table, which `alias` stands for, with the names that a row has here. */
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
