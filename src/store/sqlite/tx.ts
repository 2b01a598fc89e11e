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
  // CROSS keeps the written order of the tables.
  joinByLookup: (table, on, which) => `${which === 'or none' ? 'LEFT' : 'CROSS'} JOIN ${table} ON ${on}`,
  first: (table, which) => {
    const rowid = `${table.split(' ')[1]}.rowid`
    return `CROSS JOIN ${table} ON ${rowid} = (SELECT ${rowid} FROM ${table} WHERE ${which} LIMIT 1)`
  },
  nullsFirst: '',
  probeStatements: [],
}

/**
 * For a bare parameter beside an index, ORDER BY or LIMIT, SQLite recompiles the statement for each value; a plus
 * avoids it.
 */
const withoutBare = (text: string): string => text.replaceAll(/\+?(@[a-zA-Z]\w*)/g, '+$1')

const plain = (value: unknown): unknown => {
  if (typeof value === 'boolean') return value ? 1 : 0
  return Array.isArray(value) ? JSON.stringify(value) : value
}
const bound = (values: Values): Values => {
  const converted: Record<string, unknown> = {}
  for (const name in values) converted[name] = plain(values[name])
  return converted
}

const TABLES = schema as unknown as Readonly<Record<TableName, SQLiteTable>>

const boundColumnsOf = (matches: (column: SQLiteColumn) => boolean): ReadonlySet<string> =>
  new Set(
    Object.values(TABLES).flatMap(table =>
      Object.values(getTableColumns(table))
        .filter(matches)
        .map(({ name }) => `${getTableName(table)}.${name}`),
    ),
  )
const FLAGS = boundColumnsOf(({ columnType }) => columnType === 'SQLiteBoolean')
const SEALED = boundColumnsOf(column => column.getSQLType() === 'blob')
/** Rows per statement: a row then costs little more than half of a separate one. New ids are consecutive. */
const TOGETHER = 8
const valuesOf = (names: readonly string[], rows: number): string =>
  `VALUES ${Array(rows).fill(`(${names.map(() => '?')})`)}`

interface Prepared {
  statement: Statement
  /** Columns whose SQLite type differs from ours. */
  convert: readonly (readonly [name: string, convert: (value: unknown) => unknown])[]
}
type ResultRow = Record<string, unknown>

const asFlag = (value: unknown): unknown => (value === null ? null : value !== 0)
/** A damaged file may hold another type: empty bytes cannot be opened either, and opening them reports the damage. */
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

/** Returns a function that makes the transactions of a connection; statements are prepared once. */
export const createTxs = (client: Database.Database): ((at: number) => Tx) => {
  const statements = new Map<Sql, Prepared>()
  const prepare = (sql: Sql): Prepared => {
    const before = statements.get(sql)
    if (before) return before
    const statement = client.prepare(withoutBare(typeof sql === 'string' ? sql : sql(SQLITE)))
    const convert = statement.reader ? statement.columns().flatMap(conversionOf) : []
    const prepared = { statement, convert }
    statements.set(sql, prepared)
    return prepared
  }

  const writes = new Map<string, (rows: readonly Values[]) => number[]>()
  /**
   * Returns a writer of rows with these columns, in this order. `textOf` returns the statement for a number of rows.
   */
  const writing = (
    key: string,
    table: TableName,
    properties: readonly string[],
    textOf: (names: readonly string[], table: string, rows: number) => string,
  ) => {
    const before = writes.get(key)
    if (before) return before
    const all: Record<string, { name: string; mapToDriverValue(value: unknown): unknown }> = getTableColumns(
      TABLES[table],
    )
    const columns = properties.map(property => {
      const column = all[property]
      if (!column) throw new Error(`${table} has no ${property}`)
      return { property, column }
    })
    const names = columns.map(({ column }) => column.name)
    const prepareFor = (size: number) => {
      const statement = client.prepare(textOf(names, getTableName(TABLES[table]), size))
      return { size, statement, values: Array<unknown>(size * names.length) }
    }
    const [one, many] = [prepareFor(1), prepareFor(TOGETHER)]
    const writer = (rows: readonly Values[]) => {
      const ids: number[] = []
      while (ids.length < rows.length) {
        const { size, statement, values } = rows.length - ids.length < TOGETHER ? one : many
        let at = 0
        for (const row of rows.slice(ids.length, ids.length + size))
          for (const { property, column } of columns)
            values[at++] = row[property] == null ? null : column.mapToDriverValue(row[property])
        const last = Number(statement.run(values).lastInsertRowid)
        for (let before = size - 1; before >= 0; before--) ids.push(last - before)
      }
      return ids
    }
    writes.set(key, writer)
    return writer
  }

  const db = drizzle({ client })
  const methods: Omit<Tx, 'at'> = {
    dialect: SQLITE,
    select: db.select.bind(db) as unknown as Tx['select'],
    schema,

    all: async <Row>(sql: Sql, values: Values = {}) => {
      const prepared = prepare(sql)
      if (prepared.statement.reader) return read(prepared, values) as Row[]
      prepared.statement.run(bound(values))
      return []
    },

    each: async <Row>(sql: Sql, values: readonly Values[]) => values.map(one => read(prepare(sql), one) as Row[]),

    insert: async (table, rows) => {
      if (!rows[0]) return []
      const properties = Object.keys(rows[0])
      const run = writing(
        `+ ${table} ${properties}`,
        table,
        properties,
        (names, table, rows) => `INSERT INTO ${table} (${names}) ${valuesOf(names, rows)}`,
      )
      return run(rows)
    },

    update: async (table, keys, rows) => {
      const isKey = (property: string) => (keys as readonly string[]).includes(property)
      if (!rows[0]) return
      const changed = Object.keys(rows[0]).filter(property => !isKey(property))
      const run = writing(`= ${table} ${changed} ${keys}`, table, [...changed, ...keys], (names, table, rows) => {
        const equal = names.map((name, i) => `${name} = ${rows === 1 ? '?' : `source.column${i + 1}`}`)
        const source = rows === 1 ? '' : `FROM (${valuesOf(names, rows)}) AS source`
        return `UPDATE ${table} SET ${equal.slice(0, changed.length)} ${source} WHERE ${equal.slice(changed.length).join(' AND ')}`
      })
      run(rows)
    },

    lock: async () => {},
  }
  return at => ({ at, ...methods })
}
