import { expect, test, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/core/duration.ts'
import { ALL_SERIES, type HistoryCounts, noCounts, type Series } from '../../src/core/history.ts'
import { ADMIN_TOKEN, openApi, openApiForEach } from './support/api.ts'

const api = openApiForEach()

const add = (at: number, ...all: readonly [series: Partial<Series>, counts: Partial<HistoryCounts>][]) =>
  api.store.addHistory('node_a', {
    at,
    entries: all.map(([series, counts]) => ({ ...ALL_SERIES, ...series, ...noCounts(), ...counts })),
  })
const get = async (path: string, key = ADMIN_TOKEN) => (await api.call('GET', path, { key })).json
const timeAt = (at: number) => new Date(at).toISOString()
const NOTHING = {
  registrations: 0,
  verdicts: { succeeded: 0, failed: 0, unresolved: 0, cancelled: 0 },
  webhooks: { delivered: 0, failedAttempts: 0, givenUp: 0, within5s: 0, p50Ms: null, p95Ms: null },
}
const NO_POLLS = { count: 0, failed: 0, p50Ms: null, p95Ms: null }

test('tells operators what happened in each five minutes of the last 24 hours, and in all', async () => {
  const now = api.clock.now
  await add(now - HOUR, [
    {},
    {
      registrations: 3,
      succeeded: 2,
      failed: 1,
      delivered: 2,
      arrived200: 2,
      polls: 4,
      failedPolls: 1,
      answered50: 4,
      duePolls: 9,
    },
  ])
  await add(now - MINUTE, [{}, { delivered: 1, arrived10000: 1, dueWebhooks: 4 }])
  expect(await get('/v1/admin/history')).toEqual({
    since: timeAt(now - DAY),
    until: timeAt(now),
    step: '5m',
    data: [
      {
        at: timeAt(now - HOUR),
        registrations: 3,
        verdicts: { succeeded: 2, failed: 1, unresolved: 0, cancelled: 0 },
        webhooks: { delivered: 2, failedAttempts: 0, givenUp: 0, within5s: 2, p50Ms: 150, p95Ms: 195 },
        polls: { count: 4, failed: 1, p50Ms: 25, p95Ms: 48 },
        due: { polls: 9, webhooks: 0 },
      },
      {
        at: timeAt(now - 5 * MINUTE),
        ...NOTHING,
        webhooks: { ...NOTHING.webhooks, delivered: 1, p50Ms: 7_500, p95Ms: 9_750 },
        polls: NO_POLLS,
        due: { polls: 0, webhooks: 4 },
      },
    ],
    totals: {
      registrations: 3,
      verdicts: { succeeded: 2, failed: 1, unresolved: 0, cancelled: 0 },
      webhooks: { delivered: 3, failedAttempts: 0, givenUp: 0, within5s: 2, p50Ms: 175, p95Ms: 9_250 },
      polls: { count: 4, failed: 1, p50Ms: 25, p95Ms: 48 },
      due: { polls: 9, webhooks: 4 },
    },
  })
})

test('tells polls and what was due of an account, but not of a partner or a host', async () => {
  const partnerId = api.partner.id
  await add(
    api.clock.now - MINUTE,
    [{ accountId: 'acc_a' }, { polls: 2, duePolls: 1 }],
    [{ partnerId }, { delivered: 3 }],
    [{ partnerId, host: 'a.example' }, { delivered: 2 }],
  )
  const totals = async (query: string) => (await get(`/v1/admin/history?${query}`)).totals
  expect(await totals('account=acc_a')).toMatchObject({ polls: { count: 2 }, due: { polls: 1 } })
  const unpolled = { polls: null, due: null }
  expect(await totals(`partner=${partnerId}`)).toMatchObject({ webhooks: { delivered: 3 }, ...unpolled })
  const unverified = { registrations: null, verdicts: null }
  expect(await totals(`partner=${partnerId}&host=A.example`)).toMatchObject({
    ...{ webhooks: { delivered: 2 }, ...unverified, ...unpolled },
  })
  const groups = await get(`/v1/admin/history/groups?by=host`)
  expect(groups.data).toMatchObject([{ host: 'a.example', ...unverified }])
})

test('shows a partner its own history and hosts only, without polls', async () => {
  const [mine, other] = [api.partner.id, api.other.id]
  await add(
    api.clock.now - MINUTE,
    [{}, { delivered: 9, polls: 9 }],
    [{ partnerId: mine }, { delivered: 2, givenUp: 1 }],
    [{ partnerId: mine, host: 'a.example' }, { delivered: 2 }],
    [{ partnerId: mine, host: 'b.example' }, { givenUp: 1 }],
    [{ partnerId: other, host: 'c.example' }, { delivered: 7 }],
  )
  const { data, totals } = await get('/v1/history?since=1h&step=5m', api.partner.key)
  expect(data).toEqual([{ at: timeAt(api.clock.now - 5 * MINUTE), ...totals }])
  expect(totals).toEqual({ ...NOTHING, webhooks: { ...NOTHING.webhooks, delivered: 2, givenUp: 1 } })
  const ofHost = await get('/v1/history?host=b.example', api.partner.key)
  const unverified = { registrations: null, verdicts: null }
  for (const figures of [ofHost.totals, ...ofHost.data])
    expect(figures).toMatchObject({ webhooks: { givenUp: 1 }, ...unverified })
  const hosts = await get('/v1/history/hosts', api.partner.key)
  expect(hosts).toMatchObject({
    data: [
      { host: 'b.example', ...unverified },
      { host: 'a.example', ...unverified },
    ],
    isCapped: false,
  })
  expect(hosts.data[0]).not.toHaveProperty('polls')
})

test('groups by partner with its name, by host and by account', async () => {
  const partnerId = api.partner.id
  await add(
    api.clock.now - MINUTE,
    [{ accountId: 'acc_a' }, { polls: 5 }],
    [{ partnerId }, { delivered: 2 }],
    [{ partnerId, host: 'a.example' }, { delivered: 2 }],
  )
  const groups = async (by: string) => (await get(`/v1/admin/history/groups?by=${by}&since=8d`)).data
  const [{ name: partnerName }] = (await get(`/v1/admin/partners?limit=1`)).data
  const ofPartner = { partnerId, partnerName, accountId: null, polls: null, webhooks: { delivered: 2 } }
  expect(await groups('partner')).toMatchObject([{ ...ofPartner, host: null }])
  expect(await groups('host')).toMatchObject([{ ...ofPartner, host: 'a.example' }])
  expect(await groups('account')).toMatchObject([{ partnerId: null, accountId: 'acc_a', polls: { count: 5 } }])
})

test('takes hours for what is older than a day, unless told otherwise', async () => {
  expect(await get('/v1/admin/history?since=7d')).toMatchObject({
    step: '1h',
    since: timeAt(api.clock.now - 7 * DAY - 20 * MINUTE),
  })
  expect(await get('/v1/admin/history?since=24h&until=23h&step=1h')).toMatchObject({
    step: '1h',
    until: timeAt(api.clock.now - 23 * HOUR),
  })
  expect(await get('/v1/admin/history?since=2026-11-23&until=2026-11-23&zone=Asia/Shanghai')).toMatchObject({
    step: '1h',
    since: '2026-11-22T16:00:00.000Z',
    until: '2026-11-23T16:00:00.000Z',
  })
})

test('charges a partner for what is read and written out', async () => {
  await using own = await openApi({ server: { apiRate: 25 } })
  const series = { ...ALL_SERIES, partnerId: own.partner.id, ...noCounts() }
  const status = async (path: string) => (await own.call('GET', path, { key: own.partner.key })).status
  const many = async (path: string) => {
    own.clock.now += HOUR
    let count = 0
    while ((await status(path)) === 200) count++
    return count
  }
  // 500 items at once: ten rows that are only read are one, and each step or host that is written out is one.
  expect(await many('/v1/history')).toBe(17)
  for (let n = 0; n < 100; n++)
    await own.store.addHistory('node_a', { at: own.clock.now - n * 5 * MINUTE, entries: [{ ...series, delivered: 1 }] })
  expect(await many('/v1/history')).toBe(5)
  const read = vi.spyOn(own.store, 'hostHistoryOf')
  read.mockResolvedValue({ found: [], isCapped: false, since: 0, scanned: 1_000 })
  expect(await many('/v1/history/hosts')).toBe(5)
})

test.each([
  ['since=9d', 'since'],
  ['since=25h&step=5m', 'since'],
  ['since=1h&until=2h', 'since'],
  ['since=1h&until=1h', 'since'],
  ['step=1m', 'step'],
  ['host=a.example', 'host'],
  ['account=acc_a&partner=partner_a', 'account'],
])('refuses %s, and names %s', async (query, path) => {
  const { status, json } = await api.admin('GET', `/history?${query}`)
  expect([status, json.errors.map((error: { path: string }) => error.path)]).toEqual([400, [path]])
})
