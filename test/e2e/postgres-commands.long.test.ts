import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { type OwnServer, openOwnServer } from '../support/postgres.ts'
import { runCli } from '../support/run-cli.ts'
import { type Environment, openFolder } from '../support/service.ts'

vi.setConfig({ testTimeout: 120_000 })

let server: OwnServer
beforeAll(async () => {
  server = await openOwnServer()
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
  for (const name of ['schema', 'work', 'backup'])
    expect([name, before.of(name).map(({ state }) => state)]).toEqual([name, ['skipped']])
  const tables = await server.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", [], 'doctored')
  expect(tables).toEqual([])

  expect(await desk.run(['migrate'])).toMatchObject({ code: 0 })
  const { code, of, report } = await doctor([], { IHUYI_ACCOUNT: 'a', IHUYI_API_KEY: 'b' })
  const failed = report.checks.filter(({ state }) => state === 'failed')
  // The servers of these tests go without.
  expect(failed.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^fsync is off/),
    expect.stringMatching(/^full_page_writes is off/),
  ])
  expect(code).toBe(1)
  for (const name of ['schema', 'key', 'transactions', 'locks'])
    expect([name, of(name).map(({ state }) => state)]).toEqual([name, ['ok']])
  expect(of('work')).toMatchObject([{ state: 'warning', text: expect.stringContaining('No service is running') }])
  expect(of('backup')).toMatchObject([{ state: 'skipped', text: expect.stringContaining('PostgreSQL') }])
  const other = await doctor(['--only', 'key'], { MASTER_KEY: randomBytes(32).toString('base64') })
  expect(other).toMatchObject({ code: 1, report: { state: 'failed' } })
  expect((await doctor(['--only', 'space'])).of('space')).toMatchObject([{ state: 'skipped' }])
})

test('doctor names who keeps a table locked, and the statement that ends it', async () => {
  await using desk = await openDesk('locked')
  expect(await desk.run(['migrate'])).toMatchObject({ code: 0 })
  const dba = new pg.Client({ connectionString: `${desk.url}&application_name=by-hand` })
  onTestFinished(() => dba.end())
  await dba.connect()
  await dba.query('BEGIN; LOCK TABLE meta, nodes')
  const doctor = async () => {
    const { stdout } = await desk.run(['doctor', '--json', '--offline'])
    const { checks } = JSON.parse(stdout) as Report
    return (name: string) => checks.filter(check => check.name === name)
  }
  // It takes longer than a lock that is not told yet.
  expect(await desk.run(['status'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/55P03.*doctor --only locks/),
  })
  const of = await doctor()
  expect(of('locks')).toMatchObject([
    {
      text: expect.stringMatching(/\(by-hand, pid \d+\)/),
      command: expect.stringContaining('pg_terminate_backend('),
    },
  ])
  expect(of('key')).toMatchObject([{ state: 'failed', command: expect.stringMatching(/doctor --only locks$/) }])
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
