import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { openOwnServer } from '../support/postgres.ts'
import { useServer } from '../support/postgres-server.ts'
import { runCli } from '../support/run-cli.ts'
import { type Environment, openFolder } from '../support/service.ts'

vi.setConfig({ testTimeout: 120_000 })

const { server } = useServer({ open: openOwnServer })

/** Commands on a database of their own. */
const openCli = async (name: string) => {
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
  await using cli = await openCli('managed')
  const { run } = cli
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
  await using cli = await openCli('rekeyed')
  const { run, env } = cli
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

test('a file is moved to what DATABASE_URL names, so that no password stands in the list of processes', async () => {
  await using cli = await openCli('moved')
  await using folder = await openFolder()
  const from = `file:${folder.path}/notifier.db`
  await cli.run(['partner', 'create', 'one'], { DATABASE_URL: from })
  const moved = await cli.run(['move', '--from', from, '--json'])
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{"to":"postgres:\/\/[^@]*\/moved"/) })
  const { stdout } = await cli.run(['partner', 'list', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ data: [{ name: 'one' }] })
  expect(await cli.run(['move', '--from', from], { DATABASE_URL: from })).toMatchObject({ code: 2, stdout: '' })
})

test('doctor looks at the server, changes nothing, and names what is wrong with the statement that mends it', async () => {
  await using cli = await openCli('doctored')
  const doctor = async (more: readonly string[] = [], env: Environment = {}) => {
    const { code, stdout } = await cli.run(['doctor', '--json', '--offline', ...more], env)
    const report = JSON.parse(stdout) as Report
    return { code, of: (name: string) => report.checks.filter(check => check.name === name), report }
  }
  const before = await doctor()
  for (const name of ['schema', 'work', 'backup'])
    expect([name, before.of(name).map(({ state }) => state)]).toEqual([name, ['skipped']])
  const tables = await server.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", [], 'doctored')
  expect(tables).toEqual([])

  expect(await cli.run(['migrate'])).toMatchObject({ code: 0 })
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
