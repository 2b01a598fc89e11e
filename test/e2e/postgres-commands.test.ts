import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from '../support/postgres.ts'
import { type Environment, openFolder, runCli } from '../support/service.ts'

vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Commands on a database of their own. */
const openDesk = async (name: string) => {
  const folder = await openFolder()
  const url = await server.createDatabase(name)
  const env: Environment = { DATABASE_URL: url, MASTER_KEY: randomBytes(32).toString('base64') }
  const run = (args: readonly string[], more: Environment = {}) =>
    runCli(args, { cwd: folder.path, env: { ...env, ...more } })
  return { run, env, url, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

interface Report {
  state: string
  checks: { name: string; state: string; text: string; command: string | null }[]
}

test('partners and keys are managed as on a file', async () => {
  await using desk = await openDesk('managed')
  const { run } = desk
  const created = await run(['partner', 'create', 'one', '--json'])
  expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('Made a new database, postgres://') })
  const { partnerId } = JSON.parse(created.stdout) as { partnerId: string }
  expect(await run(['key', 'create', partnerId])).toMatchObject({ code: 0, stderr: '' })
  const keys = JSON.parse((await run(['key', 'list', partnerId, '--json'])).stdout) as { data: { id: string }[] }
  expect(keys.data).toHaveLength(2)
  expect(await run(['key', 'revoke', keys.data[0]?.id ?? ''])).toMatchObject({ code: 0 })
  expect(await run(['migrate', '--json'])).toMatchObject({ code: 0, stdout: '{"migrated":true}\n' })

  expect(await run(['status'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Database: [\d.]+ MB in PostgreSQL \d+\.\d+\./),
  })
})

test('the master key is changed, and the one before it opens nothing any more', async () => {
  await using desk = await openDesk('rekeyed')
  const { run, env } = desk
  expect(await run(['partner', 'create', 'one'])).toMatchObject({ code: 0 })
  const next = randomBytes(32).toString('base64')
  const both = { MASTER_KEY: next, MASTER_KEY_PREVIOUS: env.MASTER_KEY ?? '' }
  expect(JSON.parse((await run(['rekey', '--json'], both)).stdout)).toMatchObject({ unreadable: [] })
  expect(await run(['partner', 'list'], { MASTER_KEY: next })).toMatchObject({ code: 0 })
  expect(await run(['partner', 'list'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('MASTER_KEY is not'),
  })
})

test('what is for a file only says what to use instead, and ends with 2', async () => {
  await using desk = await openDesk('files')
  for (const args of [
    ['backup', 'x.db'],
    ['restore', 'x.db', '--yes'],
  ])
    expect(await desk.run(args)).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^DATABASE_URL.*pg_dump.*\n$/),
    })
})

test('a file is moved to what DATABASE_URL names, so that no password stands in the list of processes', async () => {
  await using desk = await openDesk('moved')
  await using folder = await openFolder()
  const from = `file:${folder.path}/notifier.db`
  await desk.run(['partner', 'create', 'one'], { DATABASE_URL: from })
  const moved = await desk.run(['move', '--from', from, '--json'])
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{"to":"postgres:\/\/[^@]*\/moved"/) })
  const { stdout } = await desk.run(['partner', 'list', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ data: [{ name: 'one' }] })
  expect(await desk.run(['move', '--from', from], { DATABASE_URL: from })).toMatchObject({ code: 2, stdout: '' })
})

test('a database that is not reached ends a command with 1, and one that is wrongly named with 2', async () => {
  await using desk = await openDesk('reached')
  const away = await desk.run(['partner', 'list'], { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x' })
  expect(away).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^DATABASE_URL: postgres:\/\/me@127.*nothing listens/),
  })
  const missing = await desk.run(['partner', 'list', '--lang', 'zh'], { DATABASE_URL: server.urlOf('missing') })
  expect(missing).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^DATABASE_URL：.*3D000.*CREATE DATABASE/),
  })
  expect(await desk.run(['partner', 'list'], { MASTER_KEY: '' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('openssl rand -base64 32'),
  })
})

test('doctor looks at the server, changes nothing, and names what is wrong with the statement that mends it', async () => {
  await using desk = await openDesk('doctored')
  const doctor = async (more: readonly string[] = [], env: Environment = {}) => {
    const { code, stdout } = await desk.run(['doctor', '--json', '--offline', ...more], env)
    const report = JSON.parse(stdout) as Report
    return { code, of: (name: string) => report.checks.filter(check => check.name === name), report }
  }
  const before = await doctor()
  expect(before.of('schema')).toMatchObject([{ state: 'skipped' }])
  for (const name of ['due', 'nodes', 'holders'])
    expect(before.of(name)).toMatchObject([
      { state: 'skipped', text: expect.stringContaining('there are no tables yet') },
    ])
  const tables = await server.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", [], 'doctored')
  expect(tables).toEqual([])

  const key = Buffer.from(desk.env.MASTER_KEY ?? '', 'base64')
  const sleep = async () => {}
  const from = { url: desk.url, masterKey: key, random: randomBytes, now: Date.now, sleep, defaultRate: 5 }
  await using stack = new AsyncDisposableStack()
  const store = await openPostgresStore(from)
  stack.defer(() => store.close())
  const { code, of, report } = await doctor([], { IHUYI_ACCOUNT: 'a', IHUYI_API_KEY: 'b' })
  expect(report.checks.filter(({ state }) => state === 'failed')).toMatchObject([
    { name: 'durability' },
    { name: 'durability' },
  ])
  expect(code).toBe(1)
  expect(of('durability').map(({ text }) => text)).toEqual([
    expect.stringMatching(/^fsync is off/),
    expect.stringMatching(/^full_page_writes is off/),
  ])
  for (const name of ['server', 'schema', 'key', 'vacuum', 'transactions', 'locks', 'connections', 'due', 'accounts'])
    expect([name, of(name).map(({ state }) => state)]).toEqual([name, ['ok']])
  expect(of('holders')).toMatchObject([{ state: 'warning', text: expect.stringContaining('No service is running') }])
  expect(of('backup')).toMatchObject([{ state: 'skipped', text: expect.stringContaining('PostgreSQL') }])
  expect(of('server')[0]?.text).toMatch(/^PostgreSQL \d+\.\d+, database doctored as user postgres$/)

  await store.beatNode({
    id: 'n1',
    name: 'here:8080',
    version: '1.0.0',
    settings: 'x',
    clockAheadMs: null,
    roles: ['api'],
  })
  await server.query('ALTER TABLE deliveries RESET (autovacuum_vacuum_threshold)', [], 'doctored')
  await server.query('ALTER TABLE lanes DISABLE TRIGGER lanes_counted_at_insert', [], 'doctored')
  const later = await doctor()
  expect(later.of('holders')).toMatchObject([{ state: 'ok', text: expect.stringContaining('here:8080 (1.0.0)') }])
  expect(later.of('vacuum')).toMatchObject([
    {
      state: 'warning',
      command: expect.stringContaining('ALTER TABLE "deliveries" SET (autovacuum_vacuum_threshold=500)'),
    },
  ])
  expect(later.of('schema')).toMatchObject([
    { state: 'failed', text: expect.stringContaining(': lanes_counted_at_insert') },
  ])
  await server.query('ALTER TABLE lanes ENABLE TRIGGER lanes_counted_at_insert', [], 'doctored')

  const dba = new pg.Client({ connectionString: `${desk.url}&application_name=by-hand` })
  stack.defer(() => dba.end())
  await dba.connect()
  await dba.query('BEGIN; LOCK TABLE deliveries')
  const waiting = new pg.Client({ connectionString: `${desk.url}&application_name=ddl` })
  waiting.on('error', () => {})
  await waiting.connect()
  const altering = waiting.query('ALTER TABLE deliveries ADD COLUMN mine int').catch(() => {})
  const keeper = new pg.Client({ connectionString: `${desk.url}&application_name=by-row` })
  stack.defer(() => keeper.end())
  await keeper.connect()
  await keeper.query("BEGIN; SELECT FROM meta WHERE key = 'canary' FOR UPDATE")
  // A lock is told after two seconds.
  const waited = async () =>
    expect(
      await server.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'ddl' AND wait_event_type = 'Lock'
        AND query_start < clock_timestamp() - interval '2.5 s'`),
    ).toHaveLength(1)
  await vi.waitFor(waited, { timeout: 20_000, interval: 100 })
  expect(await desk.run(['status'])).toMatchObject({ code: 1, stderr: expect.stringContaining('doctor --only locks') })
  const { report: locked, ...found } = await doctor([], { IHUYI_ACCOUNT: 'a', IHUYI_API_KEY: 'b' })
  expect(found.of('locks')).toMatchObject([
    { state: 'failed', text: expect.stringMatching(/\(by-hand, pid \d+\).*others wait/) },
    { state: 'warning', text: expect.stringMatching(/\(by-row, pid \d+\).*nobody waits/) },
  ])
  const told = locked.checks.filter(({ state }) => state === 'failed').map(({ text }) => text)
  expect(new Set(told).size).toBe(told.length)
  await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ddl'")
  await altering
  await Promise.all([dba, keeper].map(client => client.query('ROLLBACK')))

  const other = await doctor(['--only', 'key'], { MASTER_KEY: randomBytes(32).toString('base64') })
  expect(other).toMatchObject({ code: 1, report: { state: 'failed' } })
  expect((await doctor(['--only', 'log'])).of('log')).toMatchObject([{ state: 'skipped' }])
})

test('doctor could not open a database of which meta or nodes was locked, and named nobody', async () => {
  await using desk = await openDesk('locked')
  expect(await desk.run(['migrate'])).toMatchObject({ code: 0 })
  const dba = new pg.Client({ connectionString: `${desk.url}&application_name=by-hand` })
  onTestFinished(() => dba.end())
  await dba.connect()
  const doctor = async (...more: readonly string[]) => {
    const { stdout } = await desk.run(['doctor', '--json', '--offline', ...more])
    const { checks } = JSON.parse(stdout) as Report
    return (name: string) => checks.filter(check => check.name === name)
  }
  const seeLocks = { state: 'failed', command: expect.stringMatching(/doctor --only locks$/) }
  await dba.query('BEGIN; LOCK TABLE meta, nodes')
  // Other commands, and each start, waited for a minute and said nothing.
  const [of, looked] = await Promise.all([doctor(), desk.run(['status'])])
  expect(looked).toMatchObject({ code: 1, stderr: expect.stringMatching(/55P03.*doctor --only locks/) })
  expect(of('locks')).toMatchObject([
    {
      text: expect.stringMatching(/\(by-hand, pid \d+\)/),
      command: expect.stringContaining('pg_terminate_backend('),
    },
  ])
  expect(of('schema')).toMatchObject([{ state: 'ok' }])
  expect(of('key')).toMatchObject([seeLocks])
  await dba.query('LOCK TABLE __drizzle_migrations')
  expect((await doctor('--only', 'schema'))('schema')).toMatchObject([seeLocks])
})

test('the master key is not changed under a node that has only the one before it', async () => {
  await using desk = await openDesk('not_yet')
  const { run, env, url } = desk
  const store = await openPostgresStore({
    ...{ url, masterKey: Buffer.from(env.MASTER_KEY ?? '', 'base64'), random: randomBytes },
    ...{ now: Date.now, sleep, defaultRate: 1 },
  })
  onTestFinished(() => store.close())
  await store.beatNode({
    id: 'node_1',
    name: 'late:8080',
    version: '1',
    settings: 's',
    clockAheadMs: null,
    roles: ['api'],
  })
  const both = { MASTER_KEY: randomBytes(32).toString('base64'), MASTER_KEY_PREVIOUS: env.MASTER_KEY ?? '' }
  expect(await run(['rekey', '--json'], both)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('late:8080 could not read it'),
  })
  expect(await run(['partner', 'list'])).toMatchObject({ code: 0 })
  await store.removeNode('node_1')
  expect(await run(['rekey'], both)).toMatchObject({ code: 0 })
})
