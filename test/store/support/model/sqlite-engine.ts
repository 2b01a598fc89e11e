import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { NAMES, type Name, STORED, sqlOf, type Values } from './compared.ts'
import type { Contents, OpenEngine } from './engine.ts'
import { brokenSql, type Invariant } from './invariants.ts'

/** Two handles of one file. */
export const openSqliteEngine: OpenEngine = async options => {
  // In memory where the system has a place for files there: nothing that is written has to last.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notifier-model-'))
  const path = join(folder, 'notifier.db')
  const open = () => openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), ...options })
  const handles = [await open(), await open()] as const
  const client = new Database(path)

  const tables = NAMES.map(name => {
    const { columns, from } = sqlOf(name)
    return [name, client.prepare<[], Values>(`SELECT ${columns.join(', ')} ${from}`).raw()] as const
  })
  const broken = client.prepare<[], Record<Invariant, number>>(brokenSql(WRONG_COUNTS))
  const skip = client.prepare<[number, string]>('UPDATE sqlite_sequence SET seq = ? WHERE name = ?')
  /** Changes with what the handles write, not with what `client` does itself. */
  const dataVersion = client.prepare<[], number>('PRAGMA data_version').pluck()
  let versionRead: number | undefined

  return {
    name: 'SQLite',
    inTurn: true,
    handles,

    read: async (): Promise<Contents | null> => {
      const version = dataVersion.get()
      if (version === versionRead) return null
      versionRead = version
      const rows = tables.map(([name, statement]) => [name, statement.all()] as const)
      return {
        tables: Object.fromEntries(rows) as Record<Name, Values[]>,
        broken: { ...(broken.get() as Record<Invariant, number>) },
      }
    },

    newest: async () => null,
    skipTo: async numbers => {
      for (const [table, newest] of Object.entries(numbers)) skip.run(newest, table)
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
        versionRead = undefined
      }
    },

    [Symbol.asyncDispose]: async () => {
      for (const store of handles) await store.close()
      client.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Last the counts: what is put back into the other tables counts. */
const SAVED = [...STORED, 'sqlite_sequence', 'verification_counts', 'message_counts']

const WRONG_COUNTS = `
  SELECT (SELECT count(*) FROM (
    SELECT account_id, waiting, leased FROM verification_counts WHERE waiting <> 0 OR leased <> 0
    EXCEPT SELECT account_id, count(due_at), count(claimed_at) FROM verifications GROUP BY account_id))
  + (SELECT count(*) FROM (
    SELECT account_id, count(due_at), count(claimed_at) FROM verifications WHERE due_at IS NOT NULL GROUP BY account_id
    EXCEPT SELECT account_id, waiting, leased FROM verification_counts))
  + (SELECT count(*) FROM (SELECT waiting, leased, held FROM message_counts
    EXCEPT SELECT count(*) FILTER (WHERE due_at IS NOT NULL AND claimed_at IS NULL), count(claimed_at),
      count(*) FILTER (WHERE state = 'pending' AND due_at IS NULL) FROM messages))
  + (SELECT count(*) FROM (SELECT partner_id, hour, registrations FROM partner_hours
    EXCEPT SELECT partner_id, created_at / 3600000, count(*) FROM registrations GROUP BY 1, 2))
  + (SELECT count(*) FROM partner_counts c
    WHERE pending <> (SELECT count(*) FROM registrations r WHERE r.partner_id = c.partner_id AND status = 'pending')
      OR hosts <> (SELECT count(*) FROM lanes l WHERE l.partner_id = c.partner_id))`
