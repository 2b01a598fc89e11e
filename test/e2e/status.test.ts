import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import type { Overview } from '../../src/store/overview.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openFolder, runCliApart, spawnCli } from '../support/service.ts'
import { openBench } from '../support/store.ts'

// Each starts node several times, which takes its time on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const KEY = Buffer.alloc(32, 7)

const openNodesAt = async (path: string, now: () => number) => {
  const store = await openSqliteStore({ path, masterKey: KEY, now, defaultRate: 1 })
  return { beatNode: store.beatNode, [Symbol.asyncDispose]: store.close }
}

/** A database with a paused account, a serial that waits and a webhook on hold; closed again. */
const openDesk = async () => {
  const folder = await openFolder()
  const path = join(folder.path, 'desk.db')
  await using bench = await openBench(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey: KEY, now: Date.now, defaultRate: rate }),
    advance: () => {},
  }))
  for (let n = 0; n < 2; n++) await bench.resolve()
  await bench.deliver(410, { slots: 1 })
  await bench.deliver(200)
  await bench.register({ callbackUrl: 'https://other.example/' })
  await bench.store.pauseAccount(bench.account.id)
  const env = { TZ: 'UTC', DATABASE_URL: 'file:desk.db', MASTER_KEY: KEY.toString('base64') }
  const at = { cwd: folder.path, env }
  return { at, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('status begins with what is wrong and what to do, in either language', async () => {
  await using desk = await openDesk()
  const en = await runCliApart(['status', '--lang', 'en'], desk.at)
  expect(en).toMatchObject({ code: 0, stderr: '' })
  const [time, , none, start, first, remedy] = en.stdout.split('\n')
  expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
  expect(none).toBe('! No service is running on this database: nothing is asked, and no webhook is sent.')
  expect(start).toMatch(/^ {2}→ Start it/)
  expect(first).toMatch(/^! An operator paused account C12345678/)
  expect(remedy).toMatch(/^ {2}→ .*resume/)
  expect(en.stdout).toMatch(/^! 1 webhook was given up in the last day/m)
  expect(en.stdout).toMatch(/^! 1 webhook is on hold/m)
  expect(en.stdout).toMatch(/polls of C12345678 +1 .* –\n/)
  const zh = await runCliApart(['status', '--lang', 'zh'], desk.at)
  expect(zh.stdout).toMatch(/^! 没有服务/m)
  expect(zh.stdout).toMatch(/^! 运维人员/m)
  expect(zh.stdout).toContain('查询（C12345678）')
})

test('status names the nodes where there are several, who is lost, and who differs', async () => {
  await using desk = await openDesk()
  const path = join(desk.at.cwd, 'desk.db')
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
      })
    await beat('gone')
    for (; now <= Date.now(); now += 5_000) for (const name of ['one', 'two']) await beat(name)
    await beat('odd', 'bbbbbbbb')
  }
  const en = (await runCliApart(['status', '--lang', 'en'], desk.at)).stdout
  expect(en).toMatch(/^! The node gone:8080 has not shown itself since /m)
  expect(en).toMatch(/^! Since .* the node odd:8080 differs from the others: settings\.$/m)
  expect(en).toMatch(/gone:8080 +node_gone +poll +1\.0\.0 +[\d.]+ \w+ +lost\n/)
  expect(en).toMatch(/odd:8080 +node_odd .* differs: settings\n/)
  expect(en).toContain('! The clock of odd:8080 is 60 min ahead of')
  const zh = (await runCliApart(['status', '--lang', 'zh'], desk.at)).stdout
  expect(zh).toMatch(/^! 节点 gone:8080 自协调世界时 .* 起没有报到/m)
  expect(zh).toMatch(/^! 自.*节点 odd:8080 与其他节点不一致：配置。$/m)
  const doctor = (await runCliApart(['doctor', '--lang', 'en', '--only', 'work'], desk.at)).stdout
  expect(doctor).toMatch(/^warning {2}work .*The node gone:8080 has not shown itself since /m)
  expect(doctor).toMatch(/^warning {2}work .*the node odd:8080 differs from the others: settings\.$/m)
})

test('status --json tells the same as the admin API', async () => {
  await using desk = await openDesk()
  const { stdout } = await runCliApart(['status', '--json'], desk.at)
  const overview = JSON.parse(stdout) as Overview
  expect(overview).toMatchObject({
    problems: [
      ...[{ code: 'no_service' }, { code: 'account_paused_by_operator' }],
      ...[{ code: 'messages_exhausted' }, { code: 'messages_held' }],
    ],
    accounts: [{ account: 'C12345678', paused: true, waiting: 1 }],
    deliveries: { held: 1 },
  })
})

test('status --watch goes on until a signal, in plain lines where there is no terminal', async () => {
  await using desk = await openDesk()
  await using command = spawnCli(['status', '--watch', '--json'], desk.at)
  await expect.poll(() => command.texts.stdout.trim().split('\n').length, { timeout: 20_000 }).toBeGreaterThan(1)
  for (const line of command.texts.stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('problems')
  command.kill('SIGINT')
  expect(await command.exited).toMatchObject({ code: 0 })
  expect(command.texts.stdout).not.toContain('\u001B')
})
