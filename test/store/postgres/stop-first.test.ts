import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { StartError } from '../../../src/core/error.ts'
import { migrateInTurns } from '../../../src/store/postgres/migrating.ts'
import { MIGRATIONS, openClient } from '../../../src/store/postgres/opening.ts'
import { refuseBesideOlder } from '../../../src/store/postgres/stop-first.ts'
import { journalOf } from '../../../src/store/schema-age.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const SPLIT = '0008_deliveries'
const JOURNAL = journalOf(MIGRATIONS)
const before = JOURNAL.slice(
  0,
  JOURNAL.findIndex(({ tag }) => tag === SPLIT),
)

/** A database as the version before the split has left it. */
const openOld = async (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-migrations-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(MIGRATIONS, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: unknown[] }
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, before.length) }))
  const url = await server.createDatabase(name)
  await migrateInTurns(() => openClient(url, 'migrate'), folder)
  const client = await openClient(url, 'test')
  onTestFinished(() => client.end())
  return { url, client, applied: before.at(-1)?.when ?? 0 }
}

const show = (client: Client, name: string, ago: string) =>
  client.query(
    `INSERT INTO nodes (id, name, version, settings, roles, key, started_at, seen_at, steady_at)
     SELECT $1, $1, '1', '', '[]', '', at, at, at
     FROM (SELECT floor(extract(epoch FROM clock_timestamp() - $2::interval) * 1000)::bigint AS at) AS seen
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
    [name, ago],
  )

/** Looks more often than nodes are looked for. */
const refusalOf = (client: Client, applied: number) =>
  refuseBesideOlder(client, MIGRATIONS, applied, 50).then(
    () => null,
    (error: StartError) => error.words,
  )

/** Nodes that show themselves all the while, as seen `ago`. */
const beating = async (url: string, names: readonly string[], ago: string) => {
  const client = await openClient(url, 'nodes')
  let isOver = false
  const beats = (async () => {
    for (; !isOver; await sleep(20)) for (const name of names) await show(client, name, ago)
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true
      await beats
      await client.end()
    },
  }
}

test('a node of the version before worked on beside a schema that it could not write to', async () => {
  const { url, client, applied } = await openOld('worked')
  expect(await refusalOf(client, applied)).toBeNull()
  const names = ['one:8080', 'two:8080']
  for (const name of names) await show(client, name, '1 s')
  await using _ = await beating(url, names, '1 s')
  expect(await refusalOf(client, applied)).toEqual({
    en: expect.stringContaining('stop all of them, one:8080, two:8080, and start again'),
    zh: expect.stringContaining('one:8080、two:8080'),
  })
  // What is not missing stops nobody.
  await expect(refuseBesideOlder(client, MIGRATIONS, JOURNAL.at(-1)?.when ?? 0)).resolves.toBeUndefined()
})

test('a node that was killed a moment ago kept the new version from starting, and it was not started again', async () => {
  const { client, applied } = await openOld('killed')
  await show(client, 'killed:8080', '29 s')
  expect(await refusalOf(client, applied)).toBeNull()
})

test('nodes that could not show themselves while the database was away were taken for stopped', async () => {
  const { url, client, applied } = await openOld('away')
  await show(client, 'away:8080', '300 s')
  await using _ = await beating(url, ['away:8080'], '0 s')
  expect(await refusalOf(client, applied)).toMatchObject({ en: expect.stringContaining('away:8080') })
})

const MESSAGES = `
  SELECT seq, partner_id, event, registration_id, lane_id, callback_url, type, body, created_at, state, due_at, claimed_at, claims,
    fence, attempts, unrecorded, retries, traceparent
  FROM messages ORDER BY seq`
const COUNTS = `
  SELECT what, sum(n)::int AS n FROM (TABLE counts UNION ALL SELECT what, owner, n FROM count_changes) AS both_ (what, owner, n)
  WHERE what LIKE 'messages%' GROUP BY what HAVING sum(n) <> 0 ORDER BY what`

test('a database from before messages were split has them all as they stood, and counts them', async () => {
  const { url, client } = await openOld('split')
  await client.query(`
    INSERT INTO messages (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at, state, due_at, claimed_at,
      claims, fence, attempts, unrecorded, retries, traceparent)
    VALUES ('par', 1, 'reg_1', 1, 'https://a.example/', 'idface.succeeded', 'one', 1, 'delivered', NULL, NULL, 3, 2, 2, 1, 1, 'trace'),
      ('par', 2, 'reg_2', 1, 'https://a.example/', 'idface.failed', 'two', 2, 'exhausted', NULL, NULL, 9, 0, 9, 0, 8, NULL),
      ('par', 3, 'reg_3', 1, 'https://b.example/', 'idface.failed', 'three', 3, 'pending', NULL, NULL, 1, 0, 0, 0, 0, NULL),
      ('par', 4, 'reg_4', 2, 'https://a.example/', 'idface.failed', 'four', 4, 'pending', 70, 10, 2, 0, 1, 0, 1, NULL),
      ('par', 5, 'reg_5', 2, 'https://a.example/', 'idface.failed', '', 5, 'pending', 80, NULL, 0, 0, 0, 0, 0, NULL)`)
  const { rows } = await client.query(MESSAGES)
  await migrateInTurns(() => openClient(url, 'migrate'), MIGRATIONS)
  expect((await client.query(MESSAGES)).rows).toEqual(rows)
  expect((await client.query(COUNTS)).rows).toEqual([
    { what: 'messages_all', n: 5 },
    { what: 'messages_exhausted', n: 1 },
    { what: 'messages_held', n: 1 },
    { what: 'messages_leased', n: 1 },
    { what: 'messages_waiting', n: 1 },
  ])
  // Numbers go on, and the triggers count.
  await client.query(`
    INSERT INTO message_bodies (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at)
    VALUES ('par', 6, 'reg_6', 2, 'https://a.example/', 'idface.failed', 'six', 6)`)
  expect((await client.query(MESSAGES)).rows.at(-1)).toMatchObject({
    seq: '6',
    state: 'delivered',
    claims: 1,
    attempts: 1,
  })
  expect((await client.query(COUNTS)).rows[0]).toEqual({ what: 'messages_all', n: 6 })
})
