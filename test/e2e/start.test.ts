import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
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
  await using scene = await openScene()
  await using first = await spawnService(scene.env, scene.folder)
  const { port } = new URL(first.url)
  const ended = await runCli(['serve'], { cwd: scene.folder, env: { ...scene.env, PORT: port } })
  expect(ended).toMatchObject({ code: 2, stdout: expect.not.stringContaining('database.') })
  expect(ended.stderr).toMatch(/^PORT: cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\): .*free PORT\n$/)
  // A file that is not there yet is not made either.
  const elsewhere = { ...scene.env, PORT: port, DATABASE_URL: 'file:other.db' }
  expect(await runCli(['serve'], { cwd: scene.folder, env: elsewhere })).toMatchObject({ code: 2 })
  expect(existsSync(join(scene.folder, 'other.db'))).toBe(false)
})

test.concurrent('"listening" did not say which database and which account', async () => {
  await using scene = await openScene({ DATABASE_URL: 'file:here.db' })
  await using service = await spawnService(scene.env, scene.folder)
  const { folder } = scene
  expect(ofEvent(service.texts.stdout, 'listening')).toMatchObject([
    { url: service.url, database: join(realpathSync(folder), 'here.db'), account: ACCOUNT.apiId },
  ])
  expect(service.texts.stdout).not.toContain(ACCOUNT.apiKey)
})

test.skipIf(process.platform !== 'linux').each([{ args: ['serve'] }, { args: ['partner', 'list'] }])(
  '$args never ended where the folder of the database cannot be',
  async ({ args }) => {
    await using scene = await openScene({ DATABASE_URL: 'file:/proc/x/n.db' })
    const ended = await runCli(args, { cwd: scene.folder, env: scene.env })
    expect(ended).toMatchObject({ code: 2, stdout: expect.not.stringContaining('listening') })
    expect(ended.stderr).toMatch(/^DATABASE_URL: \/proc\/x cannot be used \(ENOENT\): .*name another path\n$/)
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

const inChinese = { LC_ALL: '', LANG: 'zh_CN.UTF-8' }
const LATER_VERSION = "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 9999999999999)"

test.concurrent('wrong settings were told in English only', async () => {
  await using folder = await openFolder()
  const env = { ...inChinese, PORT: '80x', UPSTREAM_RATES: '5', DATABASE_URL: 'file:n.db' }
  const { code, stderr } = await runCli(['serve'], { cwd: folder.path, env })
  expect(code).toBe(2)
  expect(stderr.trimEnd().split('\n')).toEqual([
    'PORT："80x" 无效；须为 0 到 65535 的整数',
    'IHUYI_ACCOUNT：未设置；默认上游账户的 APIID。',
    'IHUYI_API_KEY：未设置；默认上游账户的 APIKEY。',
    'UPSTREAM_RATES：没有这个配置项，是否想用 UPSTREAM_RATE？',
  ])
})

test.concurrent('what keeps the database or the port from being opened was told in English only', async () => {
  await using scene = await openScene(inChinese)
  const { env, folder } = scene
  await using first = await spawnService(env, folder)
  const taken = { ...env, PORT: new URL(first.url).port }
  const told = async (args: string[], more: Environment = {}) =>
    (await runCli(args, { cwd: folder, env: { ...taken, ...more } })).stderr
  mkdirSync(join(folder, 'folder.db'))
  expect(await told(['serve'])).toMatch(/^PORT：无法监听 127\.0\.0\.1:\d+（EADDRINUSE）：已有程序.*\n$/)
  expect(await told(['partner', 'list'], { DATABASE_URL: 'file:folder.db' })).toMatch(
    /^DATABASE_URL：.* 是文件夹；.*\n$/,
  )
  expect(await told(['partner', 'list'], { MASTER_KEY: Buffer.alloc(32).toString('base64') })).toMatch(
    /^MASTER_KEY 不是写入该数据库的密钥；.*\n$/,
  )
  // The service opens the database on its thread.
  first.kill('SIGTERM')
  await first.exited
  const client = new Database(join(folder, 'notifier.db'))
  client.exec(LATER_VERSION)
  client.close()
  expect(await told(['serve'])).toMatch(/^该数据库属于更新版本的 idface-notifier，.*\n$/)
  expect(await told(['serve', '--lang', 'en'])).toMatch(/^this database belongs to a later version of .*\n$/)
})

test.concurrent("a command under a key that is not the database's ended with 1, as if it might work later", async () => {
  await using scene = await openScene()
  expect(await runCli(['migrate'], { cwd: scene.folder, env: scene.env })).toMatchObject({ code: 0 })
  const env = { ...scene.env, MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const ended = await runCli(['partner', 'list', '--lang', 'zh'], { cwd: scene.folder, env })
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/^MASTER_KEY 不是写入该数据库的密钥/) })
})
