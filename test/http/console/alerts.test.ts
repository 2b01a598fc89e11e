import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { DEFAULTS } from '../support/api.ts'
import { openConsole } from './support.ts'

test('says that nobody is told, and that nothing is recorded', async () => {
  const { read } = await openConsole()
  const page = await read('alerts?lang=en')
  expect(page).toContain('OPERATOR_URL is not set')
  expect(page).toContain('Nothing is recorded while OPERATOR_URL is not set.')
})

test('shows what is held back, and that the channel refuses, with the text of others as text', async () => {
  const url = new Secret('https://hooks.slack.com/services/the-key')
  const { api, read, cookieOf } = await openConsole({
    config: { ...DEFAULTS, operator: { ...DEFAULTS.operator, url } },
  })
  const { text: token } = await api.addToken('read')
  const cookie = await cookieOf(token)
  const at = api.clock.now
  await api.store.noteAlerts([
    {
      ...{ condition: 'message.exhausted', subject: 'partner_1 <script>x</script>', at, adds: 1 },
      details: { partnerId: api.partner.id, host: 'partner.example', error: 'timeout' },
    },
  ])
  await api.store.recordOperatorChannel({ since: at, channel: 'slack', problem: 'key', error: 'http 404' })
  const page = await read('alerts?lang=en', cookie)
  for (const part of ['Slack', 'http 404', 'postponed until', 'message.exhausted', '&lt;script&gt;x'])
    expect(page).toContain(part)
  expect(page).toContain(`one (${api.partner.id})`)
  expect(page).not.toContain('the-key')
  expect(page).not.toContain('<script>x')

  const { json } = await api.call('GET', '/v1/admin/events', { key: token, headers: { 'accept-language': 'zh' } })
  expect(json).toMatchObject({
    channel: 'slack',
    refusing: { since: new Date(at).toISOString(), problem: 'key', error: 'http 404' },
    data: [{ type: 'message.exhausted', state: 'firing', toldAt: null, dueAt: new Date(at).toISOString() }],
    nextCursor: null,
  })
})

test('does not show a trouble as told that came back and was over before it was due', async () => {
  const { api, read } = await openConsole()
  const { store, clock } = api
  const note = (details: { code: 'disk_low'; since: null; freeBytes: number } | null) =>
    store.noteAlerts([{ condition: 'disk.low', subject: 'disk', at: clock.now, adds: 0, details }])
  const tell = async () => {
    const events = await store.claimAlerts({ limit: 10, leaseMs: MINUTE, gapMs: 0 })
    await store.settleAlerts({ alerts: events, outcome: 'told', claimableAt: null })
    clock.now += MINUTE
  }
  const low = { code: 'disk_low', since: null, freeBytes: 1 } as const
  await note(low)
  await tell()
  await note(null)
  const ended = 'not sent: it ended within five minutes'
  expect(await read('alerts?lang=en')).not.toContain(ended)
  await tell()
  expect(await read('alerts?lang=en')).not.toContain(ended)
  await note(low)
  clock.now += 2 * MINUTE
  await note(null)
  expect(await read('alerts?lang=en')).toContain(ended)
  expect(await read('alerts?lang=zh')).toContain('未通知：五分钟内已恢复')
})
