import type Database from 'better-sqlite3'
import type { Statement } from 'better-sqlite3'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Dialect, type Sql, snakeCase, type TableName, type Tx, type Values } from '../tx.ts'
import { drizzle, getTableColumns, getTableName } from './drizzle.ts'
import * as schema from './schema.ts'

const SQLITE: Dialect = {
  list: parameter => `(SELECT value FROM json_each(@${parameter}))`,
  rows: (parameter, columns) => {
    const values = Object.keys(columns).map(name => `value ->> '${name}' AS ${snakeCase(name)}`)
    return `(SELECT ${values.join(', ')}, key + 1 AS nth FROM json_each(@${parameter})) AS ${parameter}`
  },
  forUpdate: () => '',
  forKeyShare: '',
  forRemoval: '',
  // CROSS: in the order in which they stand.
  lookUp: (table, on, which) => `${which === 'or none' ? 'LEFT' : 'CROSS'} JOIN ${table} ON ${on}`,
  first: (table, which) => {
    const rowid = `${table.split(' ')[1]}.rowid`
    return `CROSS JOIN ${table} ON ${rowid} = (SELECT ${rowid} FROM ${table} WHERE ${which} LIMIT 1)`
  },
  locked: query => query,
  nullsFirst: '',
  takeRoom: [],
}

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

const TABLES = schema as unknown as Readonly<Record<TableName, SQLiteTable>>

const columnsOf = (isMeant: (column: SQLiteColumn) => boolean): ReadonlySet<string> =>
  new Set(
    Object.values(TABLES).flatMap(table =>
      Object.values(getTableColumns(table))
        .filter(isMeant)
        .map(({ name }) => `${getTableName(table)}.${name}`),
    ),
  )
const FLAGS = columnsOf(({ columnType }) => columnType === 'SQLiteBoolean')
const SEALED = columnsOf(column => column.getSQLType() === 'blob')
interface Prepared {
  statement: Statement
  /** Results that SQLite has as something else. */
  convert: readonly (readonly [name: string, convert: (value: unknown) => unknown])[]
}
type ResultRow = Record<string, unknown>

const asFlag = (value: unknown): unknown => (value === null ? null : value !== 0)
/** What a damaged file has instead of bytes does not open either, and is told where it is opened. */
const asBytes = (value: unknown): unknown => (value === null || Buffer.isBuffer(value) ? value : Buffer.alloc(0))
const conversionOf = ({ name, table, column }: Database.ColumnDefinition) => {
  if (FLAGS.has(`${table}.${column}`) || /^(is|has)[A-Z]/.test(name)) return [[name, asFlag] as const]
  return SEALED.has(`${table}.${column}`) ? [[name, asBytes] as const] : []
}

const read = ({ statement, convert }: Prepared, values: Values): ResultRow[] => {
  const rows = statement.all(bound(values)) as ResultRow[]
  for (const [name, converted] of convert) for (const row of rows) row[name] = converted(row[name])
  return rows
}

/** Makes the transactions of a connection; their statements are prepared once. */
export const createTxs = (client: Database.Database): ((at: number) => Tx) => {
  const known = new Map<Sql, Prepared>()
  const prepare = (sql: Sql): Prepared => {
    const before = known.get(sql)
    if (before) return before
    const statement = client.prepare(withoutBare(typeof sql === 'string' ? sql : sql(SQLITE)))
    const convert = statement.reader ? statement.columns().flatMap(conversionOf) : []
    const made = { statement, convert }
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
    schema,

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
