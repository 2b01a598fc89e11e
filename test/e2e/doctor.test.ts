import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test, vi } from 'vitest'
import { CHECK_NAMES } from '../../src/cli/doctor/doctor.ts'
import { createAdminClient } from '../support/api-client.ts'
import { runCli } from '../support/run-cli.ts'
import { ACCOUNT, ADMIN_TOKEN, type Environment, OTHER_ACCOUNT, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

vi.setConfig({ testTimeout: 120_000 })

interface Report {
  state: string
  at: string
  checks: { name: string; state: string; text: string; todo: string | null; command: string | null }[]
}

/** Runs it with --json; `of` finds its finding of a check. */
const createDoctor =
  ({ folder, env }: { folder: string; env: Environment }) =>
  async (args: string[], more: Environment = {}) => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json', ...args], {
      cwd: folder,
      env: { ...env, ...more },
    })
    const report = JSON.parse(stdout) as Report
    return { code, stdout, stderr, report, of: (name: string) => report.checks.filter(check => check.name === name) }
  }

test('finds nothing wrong beside a running service, asks each account once, and changes nothing', async () => {
  await using scene = await openScene()
  const { env, folder, upstream } = scene
  await using service = await spawnService(env, folder)
  const { call } = createAdminClient(service.url, ADMIN_TOKEN)
  await call('POST', '/v1/admin/accounts', { account: OTHER_ACCOUNT.apiId, apiKey: OTHER_ACCOUNT.apiKey })
  expect(await runCli(['backup', 'backup.db'], { cwd: folder, env })).toMatchObject({ code: 0 })
  const doctor = createDoctor(scene)
  const { code, report, of, stdout, stderr } = await doctor(['--deep'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(report).toMatchObject({ state: 'warning', at: expect.stringMatching(/Z$/) })
  const ofSqlite = CHECK_NAMES.filter(name => !['server', 'transactions', 'locks'].includes(name))
  expect([...new Set(report.checks.map(({ name }) => name))]).toEqual(ofSqlite)
  const bad = report.checks.filter(({ state }) => state === 'warning' || state === 'failed')
  expect(bad.map(({ name }) => name)).toEqual(['operator'])
  expect(of('upstream').map(({ text }) => text)).toEqual([
    expect.stringContaining(`${ACCOUNT.apiId}: GetResult answers 4061`),
    expect.stringContaining(`${OTHER_ACCOUNT.apiId}: GetResult answers 4061`),
  ])
  expect(of('work')[0]?.state).toBe('ok')
  expect(of('backup')[0]).toMatchObject({ state: 'ok', text: expect.stringContaining('backup.db') })
  for (const secret of [ACCOUNT.apiKey, OTHER_ACCOUNT.apiKey, ADMIN_TOKEN]) expect(stdout).not.toContain(secret)

  const asked = upstream.calls.length
  const offline = await doctor(['--offline'])
  expect(offline.of('upstream')[0]?.state).toBe('skipped')
  expect(upstream.calls).toHaveLength(asked)
  const chinese = await runCli(['doctor', '--only', 'upstream', '--lang', 'zh'], { cwd: folder, env })
  expect(chinese).toMatchObject({ code: 0, stderr: '' })
  expect(chinese.stdout).toMatch(/^正常 {2}upstream .*正确返回 4061/)
  expect(chinese.stdout.trimEnd().split('\n')).toHaveLength(2)

  const other = new Database(join(folder, 'notifier.db'))
  other.exec('BEGIN IMMEDIATE')
  const locked = await doctor(['--only', 'work'])
  // `status` waited for 10 s, and then only failed.
  const status = await runCli(['status', '--lang', 'en'], { cwd: folder, env })
  other.close()
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(`fuser -v ${join(folder, 'notifier.db')}`) })
  expect(locked.code).toBe(1)
  expect(locked.of('work')).toContainEqual(
    expect.objectContaining({ state: 'failed', text: expect.stringContaining('SQLITE_BUSY') }),
  )
})

test('says what is wrong, with the command that mends it, and ends with 1', async () => {
  await using scene = await openScene()
  const { env, folder } = scene
  const doctor = createDoctor(scene)
  const path = join(folder, 'notifier.db')
  await runCli(['partner', 'create', 'one'], { cwd: folder, env })
  chmodSync(path, 0o644)

  const wrong = await doctor([], { IHUYI_API_KEY: 'wrong', POLL_INTERVAL: '1s' })
  expect(wrong.code).toBe(1)
  expect(wrong.of('settings')).toContainEqual(
    expect.objectContaining({ state: 'failed', text: expect.stringContaining('POLL_INTERVAL') }),
  )
  const { of, code } = await doctor([], { IHUYI_API_KEY: 'wrong' })
  expect(code).toBe(1)
  expect(of('files')[0]).toMatchObject({ state: 'failed', command: `chmod 600 ${path}` })
  expect(of('schema')).toMatchObject([{ state: 'ok' }])
  expect(of('upstream')[0]).toMatchObject({ state: 'failed', todo: expect.stringContaining('APIKEY') })
  expect(of('backup')[0]).toMatchObject({ state: 'warning', command: expect.stringMatching(/ backup .*\/notifier-/) })
  // As systemd sets it; /backup is named there too, where the sandbox lets no process write.
  const STATE_DIRECTORY = '/var/lib/idface-notifier:/var/lib/idface-notifier/backup'
  const sandboxed = await doctor(['--only', 'backup'], { STATE_DIRECTORY })
  expect(sandboxed.of('backup')[0]?.command).toContain(' backup /var/lib/idface-notifier/backup/notifier-')

  const key = Buffer.alloc(32, 1).toString('base64')
  const other = await doctor(['--only', 'key'], { MASTER_KEY: key })
  expect(other).toMatchObject({ code: 1, report: { state: 'failed' } })
  const unknown = await runCli(['doctor', '--only', 'luck', '--lang', 'zh'], { cwd: folder, env })
  expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--only 须为') })
})

test('looks at what is there, also before anything is', async () => {
  await using scene = await openScene({ DATABASE_URL: 'file:none/notifier.db' })
  const { code, report, of } = await createDoctor(scene)(['--offline'])
  expect(code).toBe(0)
  expect(of('integrity')[0]).toMatchObject({ state: 'skipped', text: expect.stringContaining('no database yet') })
  expect(report.checks.filter(({ state }) => state === 'failed')).toEqual([])
})
