import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS, runMigrations } from '../../../src/store/postgres/opening.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'

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

const url = () => server.urlOf(database)
const query = (text: string) => server.query(text, [], database)

const openNode = async () => {
  const node = await openPostgresStore({
    ...{ url: url(), masterKey: randomBytes(32), random: randomBytes, now: Date.now, sleep, defaultRate: 1_000 },
  })
  onTestFinished(() => node.close())
  return node
}

/** The migrations of today, and one more. */
const oneMore = (statements: readonly string[]): string => {
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

/** The first of them alone. */
const baseline = (): string => {
  const folder = oneMore([])
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }))
  return folder
}

const ADD_TABLE = ['CREATE TABLE one_more (id bigint);']

describe('a migration', () => {
  test('that does not get its locks gives up soon, with nothing changed', async () => {
    await openNode()
    const reader = new pg.Client({ connectionString: url() })
    await reader.connect()
    onTestFinished(() => reader.end())
    await reader.query('BEGIN; SELECT FROM registrations LIMIT 1')
    const change = ['accounts', 'registrations'].map(table => `ALTER TABLE ${table} ADD COLUMN one_more bigint;`)
    await expect(runMigrations(url(), oneMore(change), SHORT_LIMITS)).rejects.toMatchObject({
      cause: { code: '55P03' },
    })
    expect(await query("SELECT FROM information_schema.columns WHERE column_name = 'one_more'")).toEqual([])
  })

  test('made tables in a schema with the name of the role', async () => {
    await query('CREATE SCHEMA postgres')
    await openNode()
    await runMigrations(url(), oneMore(ADD_TABLE))
    const schemas = "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE schemaname IN ('public', 'postgres')"
    expect(await query(schemas)).toEqual([{ name: 'public' }])
  })

  test('from the baseline keeps what was there, and partners may have contacts then', async () => {
    await runMigrations(url(), baseline())
    await query("INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'Zoë', 1)")
    await query(`INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since)
      VALUES ('prt_1', 'https://partner.example/hook', 'gone', 1, 1, 'http_410', 1, 1)`)
    const node = await openNode()
    expect(await node.findPartner('prt_1')).toMatchObject({ name: 'Zoë' })
    await node.putContact('prt_1', { url: 'https://partner.example/contact', secret: null, language: 'en' })
    expect(await node.claimContacts(1)).toMatchObject([{ partnerId: 'prt_1', news: [{ heldSince: 1 }] }])
  })

  test('of a later version is seen by a node at its next beat', async () => {
    const node = await openNode()
    const broken: Error[] = []
    node.hints.on('broken', error => broken.push(error))
    const beat = () =>
      node.beatNode({
        id: 'n1',
        name: 'one:8080',
        version: '1',
        settings: '',
        roles: ['api'],
        clockAheadMs: null,
        answers: null,
      })
    await beat()
    expect(broken).toEqual([])
    await runMigrations(url(), oneMore(ADD_TABLE))
    await beat()
    expect(broken).toHaveLength(1)
  })
})
