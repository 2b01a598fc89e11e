import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { BROKEN_SQL, brokenIn } from '../invariants.ts'
import { type Contents, type OpenEngine, type Row, STORED, selectAll, TABLES, type Table } from './engine.ts'

/** Two handles of one file. */
export const openSqliteEngine: OpenEngine = async now => {
  // In memory where the system has a place for files there: nothing that is written has to last.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notifier-model-'))
  const path = join(folder, 'notifier.db')
  const open = () => openSqliteStore({ path, now, masterKey: Buffer.alloc(32, 7), defaultRate: 1_000 })
  const handles = [await open(), await open()] as const
  const client = new Database(path)

  const tables = TABLES.map(table => [table, client.prepare<[], Row>(selectAll(table))] as const)
  const broken = client.prepare<[], object>(BROKEN_SQL)
  /** Changes with what the handles write, not with what `client` does itself. */
  const dataVersion = client.prepare<[], number>('PRAGMA data_version').pluck()
  let known: { version: number | undefined; contents: Contents } | null = null

  return {
    name: 'SQLite',
    inTurn: true,
    handles,

    read: async () => {
      const version = dataVersion.get()
      if (known !== null && known.version === version) return known.contents
      const rows = tables.map(([name, statement]) => [name, statement.all()] as const)
      const contents = { tables: Object.fromEntries(rows) as Record<Table, Row[]>, broken: brokenIn(broken.get()) }
      known = { version, contents }
      return contents
    },

    upkeep: async () => {},

    save: async () => {
      for (const table of SAVED) client.exec(`CREATE TEMP TABLE saved_${table} AS SELECT * FROM ${table}`)
      const statements = SAVED.flatMap(table => [
        client.prepare(`DELETE FROM main.${table}`),
        client.prepare(`INSERT INTO main.${table} SELECT * FROM saved_${table}`),
      ])
      const rename = client.prepare<[suffix: string]>('UPDATE main.accounts SET id = id || ?')
      const restore = client.transaction((suffix: string) => {
        for (const statement of statements) statement.run()
        rename.run(suffix)
      })
      return async suffix => {
        restore(suffix)
        known = null
      }
    },

    [Symbol.asyncDispose]: async () => {
      for (const store of handles) await store.close()
      client.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Last the counts: the rows that are put back into the other tables count. */
const SAVED = [...STORED, 'sqlite_sequence', 'counts']
