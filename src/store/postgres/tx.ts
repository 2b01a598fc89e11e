import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Client, PoolClient } from 'pg'
import { type Dialect, type ParameterType, type Sql, snakeCase, type TableName, type Tx, type Values } from '../tx.ts'
import { drizzle, getTableColumns, getTableName } from './drizzle.ts'
import * as schema from './schema.ts'

const POSTGRES: Dialect = {
  list: (parameter, type) => `(SELECT unnest(@${parameter}::${type}[]))`,
  rows: (parameter, columns) => {
    const arrays = Object.entries(columns).map(([name, type]) => `@${parameter}.${name}::${type}[]`)
    return `unnest(${arrays.join(', ')}) WITH ORDINALITY AS ${parameter}(${Object.keys(columns).map(snakeCase).join(', ')}, nth)`
  },
  forUpdate: ({ of: alias, skipLocked = false } = {}) =>
    `FOR NO KEY UPDATE${alias === undefined ? '' : ` OF ${alias}`}${skipLocked ? ' SKIP LOCKED' : ''}`,
  forKeyShare: 'FOR KEY SHARE',
  forRemoval: 'FOR UPDATE',
  joinByLookup: (table, on, which) => {
    const alias = table.split(' ')[1]
    // Without OFFSET the planner would flatten this into a plain join.
    const found = `LATERAL (SELECT ${alias}.* FROM ${table} WHERE ${on} OFFSET 0) AS ${alias}`
    return which === 'or none' ? `LEFT JOIN ${found} ON true` : `CROSS JOIN ${found}`
  },
  first: (table, which) =>
    `CROSS JOIN LATERAL (SELECT * FROM ${table} WHERE ${which} LIMIT 1) AS ${table.split(' ')[1]}`,
  nullsFirst: 'NULLS FIRST',
  probeStatements: [
    'LOCK TABLE registrations, verifications IN ROW EXCLUSIVE MODE',
    "SET LOCAL work_mem = '64kB'",
    'SELECT count(*) FROM generate_series(1, 4000)',
  ],
}

const TABLES: Readonly<Record<TableName, PgTable>> = schema

/** `@name`, or `@name.column` for a column of a parameter that is a list of rows. */
const PARAMETER = /@([a-zA-Z]\w*)(?:\.([a-zA-Z]\w*))?/g

interface Numbered {
  text: string
  /** The values of `$1`, `$2` and so on. */
  valuesOf: (values: Values) => unknown[]
}

/** `= ANY` uses an index, whereas a subquery may become a join that reads the whole table. */
const LIST = /\bIN \(SELECT unnest\((@\w+::\w+\[\])\)\)/g

const number = (sql: string): Numbered => {
  const found: string[] = []
  const text = sql.replaceAll(LIST, '= ANY($1)').replaceAll(PARAMETER, parameter => {
    if (!found.includes(parameter)) found.push(parameter)
    return `$${found.indexOf(parameter) + 1}`
  })
  const parts = found.map(parameter => parameter.slice(1).split('.') as [name: string, column?: string])
  return {
    text,
    valuesOf: values =>
      parts.map(([name, column]) =>
        column === undefined ? values[name] : (values[name] as readonly Values[]).map(row => row[column] ?? null),
      ),
  }
}

const statements = new Map<Sql, Numbered>()
const numbered = (sql: Sql): Numbered => {
  const statement = statements.get(sql) ?? number(typeof sql === 'string' ? sql : sql(POSTGRES))
  statements.set(sql, statement)
  return statement
}

const typeOf = (rows: readonly Values[], name: string): ParameterType => {
  const value = rows.find(row => row[name] !== null && row[name] !== undefined)?.[name]
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'text'
  return rows.every(row => row[name] == null || Number.isSafeInteger(row[name])) ? 'int8' : 'float8'
}

/** Keyed by statement, and by names and types of its values. */
const laterals = new Map<string, Numbered>()
const lateral = (sql: Sql, rows: readonly Values[]): Numbered => {
  const text = typeof sql === 'string' ? sql : sql(POSTGRES)
  const columns = Object.fromEntries(Object.keys(rows[0] ?? {}).map(name => [name, typeOf(rows, name)]))
  const key = `${JSON.stringify(columns)} ${text}`
  const before = laterals.get(key)
  if (before) return before
  const inner = text.replaceAll(PARAMETER, (_, name: string) => `each.${snakeCase(name)}`)
  const statement = number(
    `SELECT each.nth::int4 AS nth, one.* FROM ${POSTGRES.rows('each', columns)} CROSS JOIN LATERAL (${inner}) AS one ORDER BY each.nth`,
  )
  laterals.set(key, statement)
  return statement
}

interface Written {
  table: string
  columns: { property: string; name: string }[]
  /** `unnest` of one array per column. */
  from: string
  insert: string
  mapped: (rows: readonly Values[]) => unknown[]
}
const written = new Map<string, Written>()
/** @param keys columns that an insert is sorted by; ids still follow the order of the rows */
const statementsFor = (name: TableName, properties: readonly string[], keys: readonly string[] = []): Written => {
  const key = `${name} ${properties.join(' ')} ${keys.join(',')}`
  const before = written.get(key)
  if (before) return before
  const table = getTableName(TABLES[name])
  const all: Record<string, PgColumn> = getTableColumns(TABLES[name])
  const columns = properties.map(property => {
    const column = all[property]
    if (!column) throw new Error(`${name} has no ${property}`)
    return {
      property,
      name: column.name,
      type: column.getSQLType().replace(/ COLLATE .*/, ''),
      map: (value: unknown) => column.mapToDriverValue(value),
    }
  })
  const names = columns.map(({ name }) => name).join(', ')
  const from = `unnest(${columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ')}) WITH ORDINALITY AS v(${names}, nth)`
  const id = Object.values(all).find(column => column.generatedIdentity !== undefined)?.name
  const returning = id === undefined || properties.includes(id) ? '' : `RETURNING ${id} AS id`
  const numbered = `(SELECT nextval(pg_get_serial_sequence('${table}', '${id}')) AS ${id}, v.* FROM ${from} ORDER BY nth) AS v`
  const statement: Written = {
    table,
    columns,
    from,
    insert:
      keys.length === 0
        ? `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${from} ORDER BY nth ${returning}`
        : `INSERT INTO ${table} (${id}, ${names}) OVERRIDING SYSTEM VALUE
           SELECT ${id}, ${names} FROM ${numbered} ORDER BY ${keys.map(key => all[key]?.name)} ${returning}`,
    mapped: rows =>
      columns.map(({ property, map }) => rows.map(row => (row[property] == null ? null : map(row[property])))),
  }
  written.set(key, statement)
  return statement
}

/** Sorted, so that two transactions cannot deadlock. */
const NUMBERED =
  '(SELECT DISTINCT hashtextextended(name, 0) AS n FROM unnest($1::text[]) AS name ORDER BY n) AS numbered'
const LOCK = {
  alone: `SELECT pg_advisory_xact_lock(n) FROM ${NUMBERED}`,
  shared: `SELECT pg_advisory_xact_lock_shared(n) FROM ${NUMBERED}`,
}

type Run = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

/** A verb's `Tx`, over a transaction of the connection. */
export const openTx = (run: Run, { at, client }: { at: number; client: Client | PoolClient }): Tx => ({
  at,
  // The builder is made when it is needed: most transactions use none.
  select: ((fields?: never) => drizzle({ client }).select(fields as never)) as Tx['select'],
  schema,
  dialect: POSTGRES,

  all: (sql, values = {}) => {
    const { text, valuesOf } = numbered(sql)
    return run(text, valuesOf(values))
  },

  each: async <Row>(sql: Sql, values: readonly Values[]) => {
    if (values.length === 0) return []
    const { text, valuesOf } = lateral(sql, values)
    const found: Row[][] = values.map(() => [])
    for (const { nth, ...row } of await run<{ nth: number }>(text, valuesOf({ each: values })))
      found[nth - 1]?.push(row as Row)
    return found
  },

  insert: async (name, rows, keys) => {
    if (!rows[0]) return []
    const { insert, mapped } = statementsFor(name, Object.keys(rows[0]), keys)
    return (await run<{ id: number }>(insert, mapped(rows))).map(({ id }) => id).sort((a, b) => a - b)
  },

  update: async (name, keys, rows) => {
    if (!rows[0]) return
    const { table, columns, from, mapped } = statementsFor(name, Object.keys(rows[0]))
    const isKey = ({ property }: { property: string }) => (keys as readonly string[]).includes(property)
    const set = columns.filter(column => !isKey(column)).map(({ name }) => `${name} = v.${name}`)
    const where = columns.filter(isKey).map(({ name }) => `t.${name} = v.${name}`)
    await run(`UPDATE ${table} AS t SET ${set.join(', ')} FROM ${from} WHERE ${where.join(' AND ')}`, mapped(rows))
  },

  lock: async (names, mode = 'alone') => void (await run(LOCK[mode], [names])),
})
