import type pg from 'pg'
import { beforeAll, expect, onTestFinished } from 'vitest'
import { createFixedClock } from '../support/fixed-clock.ts'
import { openPostgres, type TestDatabase, useServer } from '../support/postgres-server.ts'
import type { OpenStore } from '../support/store.ts'
import { describeSharedStore, describeStore } from './conformance.ts'
import { BROKEN_SQL, brokenIn } from './support/invariants.ts'

const START = Date.parse('2026-11-24T08:00:00Z')

const { server, newDatabase: copyTemplate } = useServer({ template: true })
/** Statements that make a database what the template is. */
let reset: string
/** As the template is. */
const free: TestDatabase[] = []

beforeAll(async () => {
  reset = await describeReset()
})

const openAt = ({ url }: TestDatabase, defaultRate: number, now: () => number) =>
  openPostgres(url, { now, hasDatabaseClock: false, defaultRate })

/** To copy a database takes longer than most tests, so where one has passed and written little the next gets what it leaves, emptied. */
const newDatabase = async (): Promise<TestDatabase> => {
  const used = free.pop() ?? (await copyTemplate())
  onTestFinished(async ({ task }) => {
    const [broken] = await used.query(BROKEN_SQL)
    expect(brokenIn(broken)).toEqual([])
    if (task.result?.state === 'pass' && (await empty(used)) <= FEW_ROWS) free.push(used)
  })
  return used
}

/** Rows that are gone stand in the way of those that come, for a while. */
const FEW_ROWS = 1_000
/** How many rows there were. */
const empty = async (database: TestDatabase): Promise<number> => {
  await using client = await database.connect()
  const results = (await client.query(reset)) as unknown as pg.QueryResult[]
  return results.reduce((sum, { command, rowCount }) => sum + (command === 'DELETE' ? (rowCount ?? 0) : 0), 0)
}

const describeReset = async (): Promise<string> => {
  const inTemplate = (text: string) => server.query<{ text: string }>(text, [], 'template')
  const tables = await inTemplate(`
    SELECT quote_ident(tablename) AS text FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> '__drizzle_migrations'`)
  const names = tables.map(({ text }) => text)
  await inTemplate(['CREATE SCHEMA made', ...names.map(name => `CREATE TABLE made.${name} AS TABLE ${name}`)].join(';'))
  const sequences = await inTemplate(`
    SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename), coalesce(last_value, 1),
      last_value IS NOT NULL) AS text
    FROM pg_sequences WHERE schemaname = 'public'`)
  return [
    // Without the triggers that count.
    'SET session_replication_role = replica',
    ...names.map(name => `DELETE FROM ${name}`),
    ...names.map(name => `INSERT INTO ${name} OVERRIDING SYSTEM VALUE TABLE made.${name}`),
    ...sequences.map(({ text }) => text),
  ].join(';')
}

// A clock of its own for each test: one that has run out of time may go on for a while.
const openOne: OpenStore = async ({ rate }) => {
  const { now, advance } = createFixedClock(START)
  return { store: await openAt(await newDatabase(), rate, now), advance }
}

describeStore('PostgreSQL', openOne)
describeSharedStore('two nodes on PostgreSQL', async ({ rate }) => {
  const database = await newDatabase()
  const { now, advance } = createFixedClock(START)
  return { store: await openAt(database, rate, now), other: await openAt(database, rate, now), advance }
})
