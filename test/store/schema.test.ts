import { execFile } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { getTableColumns, getTableName } from '../../src/store/drizzle.ts'
import * as tables from '../../src/store/postgres/schema.ts'
import { snakeCase } from '../../src/store/tx.ts'
import { newFolder } from './support/files.ts'

const ROOT = join(import.meta.dirname, '../..')
const KIT = join(ROOT, 'node_modules/drizzle-kit/bin.cjs')

/** What drizzle would still write into the migrations of an engine. */
const missingOf = async (dialect: string, room: string): Promise<string[]> => {
  const folder = newFolder()
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
])('the migrations of %s make exactly its schema.ts', { timeout: 60_000 }, async (dialect, room) => {
  expect(await missingOf(dialect, room)).toEqual([])
})

test('a table and a column have the name that follows from their property', () => {
  for (const [property, table] of Object.entries(tables)) {
    expect(getTableName(table)).toBe(snakeCase(property))
    for (const [property, { name }] of Object.entries(getTableColumns(table))) expect(name).toBe(snakeCase(property))
  }
})
