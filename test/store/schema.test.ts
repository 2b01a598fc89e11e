import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Column, Table } from 'drizzle-orm'
import { expect, onTestFinished, test } from 'vitest'
import { getTableColumns, getTableName } from '../../src/store/drizzle.ts'
import * as postgres from '../../src/store/postgres/schema.ts'
import * as sqlite from '../../src/store/sqlite/schema.ts'
import { snakeCase } from '../../src/store/tx.ts'

const ROOT = join(import.meta.dirname, '../..')
const KIT = join(ROOT, 'node_modules/drizzle-kit/bin.cjs')

/** What drizzle would still write into the migrations of an engine. */
const missingOf = async (dialect: string, room: string): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(join(ROOT, 'migrations', room), folder, { recursive: true })
  const known = new Set(readdirSync(folder))
  const schema = `src/store/${room}/schema.ts`
  // It takes its output for a path below the working folder.
  const out = relative(ROOT, folder)
  const args = [KIT, 'generate', `--dialect=${dialect}`, `--schema=${schema}`, `--out=${out}`]
  await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  return readdirSync(folder)
    .filter(name => !known.has(name))
    .map(name => readFileSync(join(folder, name), 'utf8'))
}

test.each([
  ['sqlite', 'sqlite'],
  ['postgresql', 'postgres'],
])('the migrations of %s make what schema.ts says', { timeout: 60_000 }, async (dialect, room) => {
  expect(await missingOf(dialect, room)).toEqual([])
})

/** What only one engine needs: PostgreSQL appends what changes its counts. */
const { countChanges: _, ...shared } = postgres

/** What a column holds, whatever the engine calls it. */
const KINDS: Readonly<Record<string, string>> = { bytea: 'blob', 'double precision': 'real', bigint: 'integer' }
const kindOf = (column: Column): string => {
  if (/Boolean/.test(column.columnType)) return 'flag'
  if (/Json/.test(column.columnType)) return 'json'
  const type = column.getSQLType().replace(/ COLLATE.*/, '')
  return KINDS[type] ?? type
}

const describeTables = (tables: Readonly<Record<string, Table>>) =>
  Object.entries(tables)
    .map(([property, table]) => ({
      ...{ property, name: getTableName(table) },
      columns: Object.entries(getTableColumns(table)).map(([property, column]) => {
        return { property, name: column.name, isNull: !column.notNull, kind: kindOf(column) }
      }),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

test('both engines have the same tables and columns, by names that follow from their properties', () => {
  const found = describeTables(sqlite)
  expect(found).toEqual(describeTables(shared))
  for (const { property, name, columns } of found) {
    expect(name).toBe(snakeCase(property))
    for (const column of columns) expect(column.name).toBe(snakeCase(column.property))
  }
})
