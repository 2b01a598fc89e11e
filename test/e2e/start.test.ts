import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runCli } from '../support/run-cli.ts'
import { ACCOUNT, type Environment, openFolder, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

// Each starts node several times, which takes its time on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const ofEvent = (stdout: string, event: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(line => line.includes(`"event":"${event}"`))
    .map(line => JSON.parse(line) as Record<string, unknown>)

test.concurrent('a second service on the same database is refused, as long as there is the first', async () => {
  await using scene = await openScene()
  const { env, folder } = scene
  await using first = await spawnService(env, folder)
  // A short command beside it is no service.
  expect(await runCli(['partner', 'list'], { cwd: folder, env })).toMatchObject({ code: 0, stderr: '' })
  const second = await runCli(['serve'], { cwd: folder, env })
  // It may be started again, as in a deployment that starts the new one before it ends the old one.
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('another service has ') })
  first.kill('SIGKILL')
  await first.exited
  await using third = await spawnService(env, folder)
  expect(third.url).toContain('http')
})

test.concurrent('a start on a taken port told of the database first, and would have migrated it', async () => {
  await using scene = await openScene({ DATABASE_URL: 'file:notifier.db' })
  const taken = new URL(scene.receiver.urlFor('/')).port
  const ended = await runCli(['serve'], { cwd: scene.folder, env: { ...scene.env, PORT: taken } })
  expect(ended).toMatchObject({ code: 2, stdout: expect.not.stringContaining('database.') })
  expect(ended.stderr).toMatch(/^PORT: cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\): .*free PORT\n$/)
  expect(existsSync(join(scene.folder, 'notifier.db'))).toBe(false)
})

test.concurrent('a start did not say which database and which account, nor that RETENTION=30m erases all that is finished', async () => {
  await using scene = await openScene({ DATABASE_URL: 'file:here.db', RETENTION: '30m' })
  await using service = await spawnService(scene.env, scene.folder)
  await service.line(line => line.includes('"event":"setting.doubted"'))
  expect(ofEvent(service.texts.stdout, 'setting.doubted')).toMatchObject([{ level: 'warn', setting: 'RETENTION' }])
  const { folder } = scene
  expect(ofEvent(service.texts.stdout, 'listening')).toMatchObject([
    { url: service.url, database: join(realpathSync(folder), 'here.db'), account: ACCOUNT.apiId },
  ])
  expect(service.texts.stdout).not.toContain(ACCOUNT.apiKey)
})

test.skipIf(process.platform !== 'linux').each([{ args: ['serve'] }, { args: ['migrate'] }])(
  '$args never ended where the folder of the database cannot be',
  async ({ args }) => {
    await using scene = await openScene({ DATABASE_URL: 'file:/proc/x/n.db' })
    const ended = await runCli(args, { cwd: scene.folder, env: scene.env })
    expect(ended).toMatchObject({ code: 2, stdout: expect.not.stringContaining('listening') })
    expect(ended.stderr).toMatch(/^DATABASE_URL: \/proc\/x\/n\.db cannot be used \(ENOENT\): /)
  },
)

test.concurrent('a .env that cannot be read ended with a stack', async () => {
  await using folder = await openFolder()
  mkdirSync(join(folder.path, '.env'))
  const env: Environment = { DATABASE_URL: 'file:n.db' }
  const { code, stderr } = await runCli(['partner', 'list'], { cwd: folder.path, env })
  expect(code).toBe(2)
  expect(stderr).toMatch(/^\S+\/\.env cannot be read \(\w+\): .*\n$/)
})
