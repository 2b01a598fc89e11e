import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import { DISABLED, LAST_BACKUP, NO_BACKUP, QUEUE } from '../../src/core/operator-texts/overview.ts'
import type { Overview } from '../../src/http/admin/overview.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { runCli } from '../support/run-cli.ts'
import { openFolder, spawnCli } from '../support/service.ts'
import { openStoreFixture } from '../support/store.ts'

vi.setConfig({ testTimeout: 60_000 })

const KEY = Buffer.alloc(32, 7)

const openNodesAt = async (path: string, now: () => number) => {
  const store = await openSqliteStore({ path, masterKey: KEY, now, defaultRate: 1 })
  return { beatNode: store.beatNode, [Symbol.asyncDispose]: store.close }
}

/** A database with a paused account, a serial that waits and a webhook on hold; closed again. */
const openCli = async () => {
  const folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  await using bench = await openStoreFixture(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey: KEY, now: Date.now, defaultRate: rate }),
    advance: () => {},
  }))
  for (let n = 0; n < 2; n++) await bench.resolve()
  await bench.deliver(410, { slots: 1 })
  await bench.deliver(200)
  await bench.register({ callbackUrl: 'https://other.example/' })
  await bench.store.pauseAccount(bench.account.id)
  const env = { TZ: 'UTC', DATABASE_URL: 'file:notifier.db', MASTER_KEY: KEY.toString('base64') }
  const at = { cwd: folder.path, env }
  return { at, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

const overviewAt = async (at: Parameters<typeof runCli>[1]) =>
  JSON.parse((await runCli(['status', '--json'], at)).stdout) as Overview
const codes = ({ problems }: Overview) => problems.map(({ code }) => code)

test.each(['status', 'explain 1', 'account list'])(
  '%s in a wrong folder made a database and a key there',
  async typed => {
    await using folder = await openFolder()
    const ran = await runCli(typed.split(' '), { cwd: folder.path })
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(folder.path) })
    expect(await readdir(folder.path)).toEqual([])
  },
)

test('status begins with what is wrong, what to do, and the command, in the zone and language of the reader', async () => {
  await using cli = await openCli()
  const en = await runCli(['status', '--lang', 'en'], cli.at)
  expect(en).toMatchObject({ code: 0, stderr: '' })
  const [time, , none, start, paused, resume, command] = en.stdout.split('\n')
  expect(time).toMatch(/ UTC$/)
  for (const sentence of [none, paused]) expect(sentence).toMatch(/^! \w/)
  for (const remedy of [start, resume]) expect(remedy).toMatch(/^ {2}→ \w/)
  expect(command).toBe('  $ idface-notifier account resume C12345678')
  const npm = { ...cli.at, env: { ...cli.at.env, TZ: '', npm_lifecycle_event: 'cli' } }
  const zh = (await runCli(['status', '--lang', 'zh'], npm)).stdout
  expect(zh).toMatch(/^ {2}\$ npm run -s cli -- account resume C12345678$/m)
  expect(zh).toMatch(/^! \p{Script=Han}.*北京时间/mu)
  expect(zh).not.toContain('UTC')

  const overview = await overviewAt(cli.at)
  expect(codes(overview)).toEqual(['no_service', 'account_paused_by_operator', 'messages_exhausted', 'messages_held'])
  expect(overview).toMatchObject({
    accounts: [{ account: 'C12345678', paused: true, waiting: 1 }],
    deliveries: { held: 1 },
  })
})

test('status left out what the console says: who is disabled, what waits for another attempt, the last backup', async () => {
  await using cli = await openCli()
  const read = async (lang: 'en' | 'zh') => (await runCli(['status', '--lang', lang], cli.at)).stdout
  for (const lang of ['en', 'zh'] as const) {
    const text = await read(lang)
    expect(text).toContain(`${LAST_BACKUP[lang]}`)
    expect(text).toContain(NO_BACKUP[lang])
    for (const words of Object.values(QUEUE)) expect(text).toContain(words[lang])
    expect(text).not.toContain(DISABLED[lang])
  }
  const { data } = JSON.parse((await runCli(['partner', 'list', '--json'], cli.at)).stdout)
  await runCli(['partner', 'disable', data[0].id], cli.at)
  await runCli(['backup', 'backup.db'], cli.at)
  for (const lang of ['en', 'zh'] as const) {
    const text = await read(lang)
    expect(text).toContain(`${DISABLED[lang]}${data[0].name}\n`)
    expect(text).toContain(LAST_BACKUP[lang])
    expect(text).not.toContain(NO_BACKUP[lang])
  }
})

test('status names the nodes where there are several, who is lost, and who differs', async () => {
  await using cli = await openCli()
  const path = join(cli.at.cwd, 'notifier.db')
  let now = Date.now() - MINUTE
  {
    await using store = await openNodesAt(path, () => now)
    const beat = (name: string, settings = 'aaaaaaaa') =>
      store.beatNode({
        ...{
          id: `node_${name}`,
          name: `${name}:8080`,
          version: '1.0.0',
          settings,
          roles: name === 'odd' ? ['api'] : ['poll'],
        },
        clockAheadMs: name === 'odd' ? -3_599_000 : 500,
        answers: null,
      })
    await beat('gone')
    for (; now <= Date.now(); now += 5_000) for (const name of ['one', 'two']) await beat(name)
    await beat('odd', 'bbbbbbbb')
  }
  const overview = await overviewAt(cli.at)
  expect(codes(overview)).toEqual(expect.arrayContaining(['node_lost', 'node_differs', 'clock_wrong']))
  const { stdout } = await runCli(['status', '--lang', 'en'], cli.at)
  expect(stdout).toMatch(/gone:8080 +node_gone +poll +1\.0\.0 +[\d.]+ \w+ +lost\n/)
  expect(stdout).toMatch(/one:8080 +node_one .* differs: settings\n/)
  const doctor = JSON.parse((await runCli(['doctor', '--json', '--only', 'work'], cli.at)).stdout)
  expect(doctor.checks).toHaveLength(overview.problems.length)
})

test('status --watch goes on until a signal, in plain lines where there is no terminal', async () => {
  await using cli = await openCli()
  await using command = spawnCli(['status', '--watch', '--json'], cli.at)
  await expect.poll(() => command.texts.stdout.trim().split('\n').length, { timeout: 20_000 }).toBeGreaterThan(1)
  for (const line of command.texts.stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('problems')
  command.kill('SIGINT')
  expect(await command.exited).toMatchObject({ code: 0 })
  expect(command.texts.stdout).not.toContain('\u001B')
})
