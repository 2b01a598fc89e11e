import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { DAY } from '../../src/core/duration.ts'
import { onFile, openBeside } from '../store/support/files.ts'
import { openCli } from '../support/open-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

const HOOK = 'https://partner.example/hook'

/** As five days of failures would leave it. */
const disable = (path: string, partnerId: string) => {
  const since = Date.parse('2026-11-18T22:40:00Z')
  const add = `INSERT INTO callbacks (partner_id, callback_url, failing_since, attempts, last_error, last_at, state, held_since)
    VALUES (?, ?, ?, 10, 'http_503', ?, 'disabled', ?)`
  onFile(path, file => file.prepare(add).run(partnerId, HOOK, since, since, since + 5 * DAY))
}

test('callback list shows what is disabled, and callback enable enables it', async () => {
  await using cli = await openCli()
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'one')
  expect((await cli.run('callback', 'list', '--lang', 'zh')).stdout).toContain('（无）')
  disable(join(cli.path, 'notifier.db'), partnerId)
  const url = { partnerId, partnerName: 'one', callbackUrl: HOOK }
  const trouble = { ...url, state: 'disabled', lastError: 'http_503', held: 0 }
  const times = { since: '2026-11-18T22:40:00.000Z', heldSince: '2026-11-23T22:40:00.000Z' }
  expect(await cli.runJson('callback', 'list')).toEqual({ data: [{ ...trouble, ...times }], nextCursor: null })
  const { stdout } = await cli.run('callback', 'list', '--partner', partnerId, '--lang', 'zh')
  expect(stdout).toMatch(/最近错误[\s\S]*one \(partner_\w+\).*https:\/\/partner\.example\/hook.*已停用.*http_503/)

  expect(await cli.runJson('callback', 'enable', HOOK, '--partner', 'one', '--reason', 'mended')).toEqual({
    released: true,
  })
  expect(await cli.runJson('callback', 'list')).toEqual({ data: [], nextCursor: null })

  expect((await cli.run('callback', 'enable', HOOK, '--partner', 'one')).code).toBe(1)

  const mistyped = ['HTTPS://Partner.example/hook', '--partner', 'one']
  expect((await cli.run('callback', 'disable', ...mistyped)).code).toBe(2)
  expect(await cli.runJson('callback', 'list')).toEqual({ data: [], nextCursor: null })
  const URL = [...mistyped, '--anyway']
  expect(await cli.runJson('callback', 'disable', ...URL)).toEqual({ disabled: true, isRegistered: false })
  expect(await cli.runJson('callback', 'disable', ...URL)).toEqual({ disabled: false, isRegistered: false })
  expect(await cli.runJson('callback', 'list')).toMatchObject({
    data: [{ partnerId, callbackUrl: HOOK, state: 'disabled', lastError: 'operator' }],
  })
  expect((await cli.run('callback', 'enable', HOOK)).code).toBe(2)
})

test('operators were told for good that a URL is disabled which a command had enabled', async () => {
  await using cli = await openCli()
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'one')
  const path = join(cli.path, 'notifier.db')
  disable(path, partnerId)
  const details = JSON.stringify({ partnerId, host: 'partner.example', since: 1, error: 'http_503' })
  const client = openBeside(path)
  client
    .prepare(`INSERT INTO operator_events (condition, subject, state, since, at, count, details, told_state, told_at)
      VALUES ('callback.disabled', ?, 'firing', 1, 1, 1, ?, 'firing', 1)`)
    .run(`${partnerId} partner.example`, details)
  const events = () => client.prepare('SELECT condition, state, due_at > 0 AS "isDue" FROM operator_events').all()
  expect(events()).toEqual([{ condition: 'callback.disabled', state: 'firing', isDue: null }])
  await cli.runJson('callback', 'enable', HOOK, '--partner', 'one')
  expect(events()).toEqual([{ condition: 'callback.disabled', state: 'resolved', isDue: 1 }])
})
