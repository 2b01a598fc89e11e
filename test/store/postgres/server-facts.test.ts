import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS, openClient, runMigrations } from '../../../src/store/postgres/opening.ts'
import { readSchema, readServerFacts, readTables } from '../../../src/store/postgres/server-facts.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'

let server: TestServer
let databases = 0
let client: Awaited<ReturnType<typeof openClient>>
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

beforeEach(async () => {
  const url = await server.createDatabase(`facts_${++databases}`)
  await runMigrations(url, MIGRATIONS)
  const opened = await openClient(url, 'test')
  onTestFinished(() => opened.end())
  client = opened
})

const missingOf = async () => Object.fromEntries((await readTables(client)).map(({ name, missing }) => [name, missing]))

test('the autovacuum of a table that has a new name was not looked at', async () => {
  expect(await missingOf()).toMatchObject({ count_changes: [], deliveries: [], lanes: [], message_bodies: [] })
  await client.query('ALTER TABLE deliveries RESET (autovacuum_vacuum_threshold)')
  await client.query('ALTER TABLE message_bodies RESET (autovacuum_vacuum_cost_delay)')
  expect(await missingOf()).toMatchObject({
    deliveries: ['autovacuum_vacuum_threshold=500'],
    message_bodies: ['autovacuum_vacuum_cost_delay=0'],
  })
})

test('a view that is gone, or that belongs to somebody else, went unnoticed', async () => {
  expect((await readSchema(client)).missing).toEqual([])
  await client.query('CREATE ROLE other; CREATE ROLE ours; SET ROLE ours')
  const foreign = (await readServerFacts(client, Date.now)).foreignTables
  expect(foreign).toContain('messages')
  await client.query('RESET ROLE; DROP VIEW messages')
  expect((await readSchema(client)).missing).toEqual(['messages'])
})

test('a count trigger that a migration adds was not looked for until somebody added it to a list too', async () => {
  const { rows } = await client.query<{ name: string; table: string }>(
    `SELECT tgname::text AS name, tgrelid::regclass::text AS table FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname`,
  )
  expect((await readSchema(client)).missingTriggers).toEqual([])
  for (const { table } of rows) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  expect((await readSchema(client)).missingTriggers.toSorted()).toEqual(rows.map(({ name }) => name))
})
