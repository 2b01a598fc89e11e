import type Database from 'better-sqlite3'
import type { Statement } from 'better-sqlite3'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Dialect, type Sql, snakeCase, type TableName, type Tx, type Values } from '../tx.ts'
import { drizzle, getTableColumns, getTableName } from './drizzle.ts'
import * as schema from './schema.ts'

const SQLITE: Dialect = {
  list: parameter => `(SELECT value FROM json_each(@${parameter}))`,
  rows: (parameter, columns) => {
    const values = Object.keys(columns).map(name => `value ->> '${name}' AS ${snakeCase(name)}`)
    return `(SELECT ${values.join(', ')}, key + 1 AS nth FROM json_each(@${parameter})) AS ${parameter}`
  },
  // CROSS: in the order in which they stand.
  joinOne: (table, alias, { key, is }) => `CROSS JOIN ${table} AS ${alias} ON ${alias}.${key} = ${is}`,
  forUpdate: () => '',
  forKeyShare: () => '',
  forRemoval: '',
  lookUp: (table, on, which) => `${which === 'or none' ? 'LEFT' : 'CROSS'} JOIN ${table} ON ${on}`,
  first: (table, which) => {
    const rowid = `${table.split(' ')[1]}.rowid`
    return `CROSS JOIN ${table} ON ${rowid} = (SELECT ${rowid} FROM ${table} WHERE ${which} LIMIT 1)`
  },
  locked: query => query,
  nullsFirst: '',
  takeRoom: [],
}

/** Until the file has these tables: what reads them finds them in the one of today. */
export const COMING_TABLES = `
  CREATE TEMP VIEW message_bodies AS SELECT * FROM messages;
  CREATE TEMP VIEW deliveries AS SELECT * FROM messages WHERE state <> 'delivered'`

/** SQLite compiles a statement anew for each value of a bare parameter that stands beside an index, ORDER BY or LIMIT. */
const withoutBare = (text: string): string => text.replaceAll(/\+?(@[a-zA-Z]\w*)/g, '+$1')

const plain = (value: unknown): unknown => {
  if (typeof value === 'boolean') return value ? 1 : 0
  return Array.isArray(value) ? JSON.stringify(value) : value
}
const bound = (values: Values): Values => {
  const given: Record<string, unknown> = {}
  for (const name in values) given[name] = plain(values[name])
  return given
}

const TABLES = { ...schema, messageBodies: schema.messages } as unknown as Readonly<Record<TableName, SQLiteTable>>

const FLAGS = new Set(
  Object.values(TABLES).flatMap(table =>
    Object.values(getTableColumns(table)).flatMap(({ columnType, name }) =>
      columnType === 'SQLiteBoolean' ? [`${getTableName(table)}.${name}`] : [],
    ),
  ),
)

interface Prepared {
  statement: Statement
  /** The results that are booleans, which SQLite has as numbers. */
  flags: readonly string[]
}
type ResultRow = Record<string, unknown>

const read = ({ statement, flags }: Prepared, values: Values): ResultRow[] => {
  const rows = statement.all(bound(values)) as ResultRow[]
  if (flags.length > 0)
    for (const row of rows) for (const flag of flags) if (row[flag] !== null) row[flag] = row[flag] !== 0
  return rows
}

/** Makes the transactions of a connection; their statements are prepared once. */
export const createTxs = (client: Database.Database): ((at: number) => Tx) => {
  const known = new Map<Sql, Prepared>()
  const prepare = (sql: Sql): Prepared => {
    const before = known.get(sql)
    if (before) return before
    const statement = client.prepare(withoutBare(typeof sql === 'string' ? sql : sql(SQLITE)))
    const isFlag = ({ name, table, column }: Database.ColumnDefinition) =>
      FLAGS.has(`${table}.${column}`) || /^(is|has)[A-Z]/.test(name)
    const flags = statement.reader
      ? statement
          .columns()
          .filter(isFlag)
          .map(({ name }) => name)
      : []
    const made = { statement, flags }
    known.set(sql, made)
    return made
  }

  const writes = new Map<string, (rows: readonly Values[]) => number[]>()
  /** Runs a statement for each row with the values of these columns, in this order. */
  const forEachRow = (
    key: string,
    table: TableName,
    properties: readonly string[],
    textOf: (names: readonly string[], table: string) => string,
  ) => {
    const before = writes.get(key)
    if (before) return before
    const all: Record<string, { name: string; mapToDriverValue(value: unknown): unknown }> = getTableColumns(
      TABLES[table],
    )
    const columns = properties.map(property => {
      const column = all[property]
      if (!column) throw new Error(`${table} has no ${property}`)
      return { property, name: column.name, map: (value: unknown) => column.mapToDriverValue(value) }
    })
    const statement = client.prepare(
      textOf(
        columns.map(({ name }) => name),
        getTableName(TABLES[table]),
      ),
    )
    const made = (rows: readonly Values[]) =>
      rows.map(row => {
        const values = columns.map(({ property, map }) => (row[property] == null ? null : map(row[property])))
        return Number(statement.run(...values).lastInsertRowid)
      })
    writes.set(key, made)
    return made
  }

  const methods: Omit<Tx, 'at'> = {
    dialect: SQLITE,
    db: drizzle({ client }) as unknown as Tx['db'],
    schema: TABLES as unknown as Tx['schema'],

    all: async <Row>(sql: Sql, values: Values = {}) => {
      const prepared = prepare(sql)
      if (prepared.statement.reader) return read(prepared, values) as Row[]
      prepared.statement.run(bound(values))
      return []
    },

    each: async <Row>(sql: Sql, values: readonly Values[]) => values.map(given => read(prepare(sql), given) as Row[]),

    insert: async (table, rows) => {
      if (!rows[0]) return []
      const properties = Object.keys(rows[0])
      const run = forEachRow(
        `+ ${table} ${properties}`,
        table,
        properties,
        (names, table) => `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      )
      return run(rows)
    },

    update: async (table, keys, rows) => {
      const isKey = (property: string) => (keys as readonly string[]).includes(property)
      if (!rows[0]) return
      const changed = Object.keys(rows[0]).filter(property => !isKey(property))
      const run = forEachRow(
        `= ${table} ${changed} ${keys}`,
        table,
        [...changed, ...keys],
        (names, table) =>
          `UPDATE ${table} SET ${names
            .slice(0, changed.length)
            .map(name => `${name} = ?`)
            .join(', ')}
         WHERE ${names
           .slice(changed.length)
           .map(name => `${name} = ?`)
           .join(' AND ')}`,
      )
      run(rows)
    },

    lock: async () => {},
  }
  return at => ({ at, ...methods })
}
