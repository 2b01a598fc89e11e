import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import type { Store } from '../../../../src/store/store.ts'
import { RULES, type Rules } from '../memory/rules.ts'
import { createMemoryStore } from '../memory/store.ts'
import { createTables } from '../memory/tables.ts'

/** Calls a second of an account that names none. */
const RATE = 1_000

export class Difference extends Error {
  override readonly name = 'Difference'
}

/** Two handles of one SQLite file, two of one reference, and one clock for all of them. */
export type Pair = Awaited<ReturnType<typeof openPair>>

/** @param rules of the reference; the shipped ones unless given */
export const openPair = async (rules: Rules = RULES) => {
  const clock = { now: 0 }
  // In memory where the system has a place for files there: nothing that is written has to last.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notifier-model-'))
  const path = join(folder, 'notifier.db')
  const options = { now: () => clock.now, defaultRate: RATE }
  const openSqlite = () => openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), ...options })
  const sqlite: Store[] = [await openSqlite(), await openSqlite()]
  const tables = createTables()
  const reference = [0, 1].map(() => createMemoryStore({ ...options, tables, rules }))
  const client = new Database(path)
  const expectEqual = (what: string, ofSqlite: unknown, ofReference: unknown): void => {
    if (isDeepStrictEqual(ofSqlite, ofReference)) return
    const show = (value: unknown) => inspect(value, { depth: 8, breakLength: 140, sorted: true })
    throw new Difference(`${what}\n  SQLite:    ${show(ofSqlite)}\n  reference: ${show(ofReference)}`)
  }

  return {
    clock,
    client,
    tables,
    expectEqual,
    /** Calls both; what they answer has to be equal. */
    both: async <T>(handle: number, what: string, call: (store: Store) => Promise<T>): Promise<T> => {
      const [ofSqlite, ofReference] = await Promise.all([
        outcomeOf(call(sqlite[handle] as Store)),
        outcomeOf(call(reference[handle] as Store)),
      ])
      if (!ofSqlite.ok && !ofReference.ok) throw ofSqlite.error
      expectEqual(what, ofSqlite, ofReference)
      return (ofSqlite as { value: T }).value
    },

    /** Gives what puts everything back as it is now, but for the ids of the accounts, by which a store remembers whose turn it is. */
    save: () => {
      for (const table of TABLES) client.exec(`CREATE TEMP TABLE saved_${table} AS SELECT * FROM ${table}`)
      const statements = TABLES.flatMap(table => [
        client.prepare(`DELETE FROM main.${table}`),
        client.prepare(`INSERT INTO main.${table} SELECT * FROM saved_${table}`),
      ])
      const rename = client.prepare<[suffix: string]>('UPDATE main.accounts SET id = id || ?')
      const restoreSqlite = client.transaction((suffix: string) => {
        for (const statement of statements) statement.run()
        rename.run(suffix)
      })
      const restoreReference = tables.save()
      return (suffix: string): void => {
        restoreSqlite(suffix)
        restoreReference()
        for (const row of tables.accounts.all()) {
          tables.accounts.delete(row.id)
          tables.accounts.add(row.id + suffix, { ...row, id: row.id + suffix })
        }
      }
    },

    [Symbol.asyncDispose]: async () => {
      for (const store of sqlite) await store.close()
      client.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const TABLES = [
  'attempts',
  'messages',
  'registrations',
  'verifications',
  'lanes',
  'callback_pauses',
  'callback_health',
  'bulk_resends',
  'completion_bins',
  'signing_secrets',
  'api_keys',
  'accounts',
  'partners',
  'sqlite_sequence',
  // Last: what is put back into the others counts.
  'verification_counts',
  'registration_counts',
  'message_counts',
]

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
  promise.then(
    value => ({ ok: true, value }),
    error => ({ ok: false, error }),
  )
