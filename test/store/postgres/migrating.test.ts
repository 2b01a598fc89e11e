import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { migrateInTurns } from '../../../src/store/postgres/migrating.ts'
import { MIGRATIONS, openClient } from '../../../src/store/postgres/opening.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openBench } from '../../support/store.ts'

const MASTER_KEY = randomBytes(32)

let server: TestServer
let databases = 0
let database: string

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  database = `migrating_${++databases}`
  await server.createDatabase(database)
})

const openNode = async () => {
  const bench = await openBench(async ({ rate }) => ({
    store: await openPostgresStore({
      url: server.urlOf(database),
      masterKey: MASTER_KEY,
      random: randomBytes,
      now: Date.now,
      sleep,
      defaultRate: rate,
    }),
    advance: sleep,
  }))
  onTestFinished(() => bench.store.close())
  return bench
}

/** The migrations of today, and one more that changes tables in this order, or does this. */
const oneMore = (
  tables: readonly string[],
  statements = tables.map(table => `ALTER TABLE ${table} ADD COLUMN one_more bigint;`),
): string => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-migrations-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(MIGRATIONS, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { idx: number; when: number; tag: string }[] }
  const last = journal.entries.at(-1)
  if (!last) throw new Error('there are no migrations')
  journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, tag: 'one_more' })
  writeFileSync(path, JSON.stringify(journal))
  writeFileSync(join(folder, 'one_more.sql'), statements.join('--> statement-breakpoint\n'))
  return folder
}

const open = () => openClient(server.urlOf(database), 'migrate')

/** A session of an operator's, of its own. */
const openSession = async () => {
  const client = new pg.Client({ connectionString: server.urlOf(database), application_name: 'operator' })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

const WAITING = `SELECT 1 FROM pg_stat_activity
  WHERE application_name = 'idface-notifier migrate' AND wait_event_type = 'Lock' AND query LIKE '%one_more%'`
const untilItWaits = () => expect.poll(() => server.query(WAITING), { interval: 20, timeout: 10_000 }).toHaveLength(1)

const hasOneMore = async (table: string) => {
  const columns = "SELECT 1 FROM information_schema.columns WHERE column_name = 'one_more' AND table_name = $1"
  return (await server.query(columns, [table], database)).length === 1
}

/** Above the longest turn, and below the 3 s after which a call gives up. */
const SOON_MS = 2_000

describe('a migration', () => {
  test('G13: while it waits for a long reader, it keeps no node waiting for long', { timeout: 30_000 }, async () => {
    const node = await openNode()
    const reader = await openSession()
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM registrations LIMIT 1')
    const migrating = migrateInTurns(open, oneMore(['accounts', 'registrations']))
    await untilItWaits()
    for (let n = 0; n < 3; n++) {
      const start = performance.now()
      await node.register()
      expect(performance.now() - start).toBeLessThan(SOON_MS)
      await untilItWaits()
    }
    await reader.query('COMMIT')
    await migrating
    expect(await Promise.all(['accounts', 'registrations'].map(hasOneMore))).toEqual([true, true])
  })

  test('G13: one that meets a node in another order of locks begins again', { timeout: 30_000 }, async () => {
    await openNode()
    const other = await openSession()
    await other.query(`SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE registrations IN ROW EXCLUSIVE MODE`)
    const migrating = migrateInTurns(open, oneMore(['accounts', 'registrations']))
    await untilItWaits()
    await other.query('LOCK TABLE accounts IN ROW EXCLUSIVE MODE; COMMIT')
    await migrating
    expect(await hasOneMore('registrations')).toBe(true)
  })

  test('one that never gets its locks gives up, with nothing changed', { timeout: 30_000 }, async () => {
    await openNode()
    const reader = await openSession()
    await reader.query('BEGIN; SELECT FROM registrations LIMIT 1')
    const migrating = migrateInTurns(open, oneMore(['accounts', 'registrations']), 2)
    await expect(migrating).rejects.toMatchObject({ cause: { code: '55P03' } })
    expect(await hasOneMore('accounts')).toBe(false)
  })

  /** The role of these tests. */
  const USER = 'postgres'
  const schemas = async () => {
    const tables = "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE schemaname IN ('public', $1) ORDER BY name"
    return (await server.query(tables, [USER], database)).map(({ name }) => name)
  }
  const addTable = () => migrateInTurns(open, oneMore([], ['CREATE TABLE one_more (id bigint);']))

  test('a schema with the name of the role got the tables that a migration made', async () => {
    await server.query(`CREATE SCHEMA ${USER}`, [], database)
    await openNode()
    await addTable()
    expect(await schemas()).toEqual(['public'])
  })
})
