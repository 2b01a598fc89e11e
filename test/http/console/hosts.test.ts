import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ALL_SERIES, type HistoryCounts, noCounts, type Series } from '../../../src/core/history.ts'
import { openConsole } from './support.ts'

const GOOD = { registrations: 9, succeeded: 9, delivered: 9, arrived200: 9 }
const BAD = { registrations: 4, succeeded: 4, delivered: 2, arrived10000: 2, failedAttempts: 7, givenUp: 1 }

const open = async () => {
  const console = await openConsole()
  const { api, cookieOf } = console
  const add = (at: number, ...all: readonly [Partial<Series>, Partial<HistoryCounts>][]) =>
    api.store.addHistory('node_a', {
      at: at - (at % MINUTE),
      entries: all.map(([series, counts]) => ({ ...ALL_SERIES, ...series, ...noCounts(), ...counts })),
    })
  const [one, other] = [api.partner.id, api.other.id]
  await add(
    api.clock.now - HOUR,
    [{}, { ...GOOD, polls: 4, answered100: 4, dueWebhooks: 12 }],
    [{ partnerId: one }, GOOD],
    [{ partnerId: one, host: 'well.example' }, GOOD],
    [{ partnerId: other }, BAD],
    [{ partnerId: other, host: 'down.example' }, BAD],
  )
  const cookies = { operator: await cookieOf(), partner: await cookieOf(api.partner.key) }
  return {
    ...console,
    add,
    read: async (who: keyof typeof cookies, path: string) => console.read(path, cookies[who]),
  }
}

/** Values of the lines of each chart, in the order of the page. */
const chartsOf = (page: string): (number | null)[][][] =>
  [...page.matchAll(/data-chart="([^"]*)"/g)].map(([, data = '']) => JSON.parse(data))

test('the overview draws each step since the history began, and says the totals', async () => {
  const { api, add, read } = await open()
  await add(api.clock.now - 3 * HOUR, [{}, { failed: 1 }])
  const page = await read('operator', '?lang=en')
  const [verdicts = [], answers = [], arrivals = [], webhooks = [], waiting = []] = chartsOf(page)
  expect(verdicts.map(line => line.length)).toEqual([288, 288, 288])
  expect(verdicts[0]?.slice(-36)).toEqual([...Array(24).fill(0), 9, ...Array(11).fill(0)])
  expect(verdicts[1]?.[288 - 36]).toBe(1)
  expect(verdicts[0]?.[288 - 37]).toBeNull()
  expect([answers[1]?.[276], arrivals[1]?.[276], webhooks[0]?.[276], waiting[1]?.[276]]).toEqual([98, 195, 9, 12])
  expect(arrivals[0]?.[277]).toBeNull()
  expect(page).toContain('aria-label="Webhooks: delivered 9, failed attempts 0"')
  expect(chartsOf(await read('operator', '?span=7d'))[0]?.[0]).toHaveLength(169)
})

test.each([
  ['en', ['9 verdicts, 13 unresolved; 9 webhooks delivered (100', '0 verdicts, 0 unresolved; no webhook was']],
  ['zh', ['9 个结果，另有 13 个未决；送达 9 条', '0 个结果，另有 0 个未决；没有送达']],
] as const)('the sentence below the charts counts in %s what they show', async (lang, [counted, none]) => {
  const { api, add, read, visit, cookieOf } = await open()
  await add(api.clock.now - 2 * HOUR, [{ partnerId: api.partner.id }, { unresolved: 13 }])
  expect(await read('partner', `?lang=${lang}`)).toContain(counted)
  api.clock.now += 25 * HOUR
  const later = await visit(`?lang=${lang}`, await cookieOf(api.partner.key))
  expect(await later.text()).toContain(none)
})

test('a step that has not ended is not drawn: it would look like an outage', async () => {
  const { api, read } = await open()
  const lastTwo = async () => chartsOf(await read('operator', ''))[0]?.[0]?.slice(-2)
  expect(await lastTwo()).toEqual([0, 0])
  api.clock.now += MINUTE
  expect(await lastTwo()).toEqual([0, null])
})

test('the page of a partner draws its own webhooks, without the polls of all', async () => {
  const { api, read } = await open()
  const [verdicts, arrivals, webhooks, ...others] = chartsOf(await read('operator', `partners/${api.other.id}`))
  const failed = webhooks?.[1]?.[276]
  expect([verdicts?.[0]?.[276], arrivals?.length, failed, others.length]).toEqual([4, 2, 7, 0])
})

const marksOf = (page: string) => JSON.parse(/data-marks="([^"]*)"/.exec(page)?.[1]?.replaceAll('&quot;', '"') ?? '')

test('the overview draws pauses by operators that have ended, but not acts that changed nothing', async () => {
  const { api, read } = await open()
  const act = (verb: string, id: string) => api.admin('POST', `/accounts/${id}/${verb}`)
  const pausedAt = api.clock.now
  await act('pause', api.account.id)
  await act('pause', 'none')
  api.clock.now += MINUTE
  await act('resume', api.account.id)
  expect(marksOf(await read('operator', '?lang=en'))).toEqual([
    [api.clock.now, api.clock.now, 'start', `account resumed · ${api.account.apiId} · ADMIN_TOKEN`],
    [pausedAt, pausedAt, 'start', `account paused · ${api.account.apiId} · ADMIN_TOKEN`],
  ])
})

test('the overview lists what happened, and draws it', async () => {
  const { api, read } = await open()
  const since = api.clock.now - 2 * HOUR
  const details = { code: 'upstream_unreachable', since, account: 'C1', error: 'x', nextTryAt: null } as const
  const alert = { condition: 'upstream.unreachable', subject: 'C1', adds: 1 } as const
  await api.store.noteAlerts([{ ...alert, at: since, details }])
  await api.store.noteAlerts([{ ...alert, at: api.clock.now - HOUR, details: null }])
  const page = await read('operator', '?lang=en')
  expect(marksOf(page)).toEqual([[since, api.clock.now - HOUR, 'alarm', 'no usable answer from GetResult: C1']])
  expect(page).toMatch(/<li class="alarm">.*no usable answer from GetResult: C1<\/li>/)
})

test('a partner sees its own charts and hosts, without those of upstream', async () => {
  const { read } = await open()
  const page = await read('partner', '')
  expect(chartsOf(page)).toHaveLength(3)
  expect(page).toContain('well.example')
  expect(`${page}${await read('partner', 'hosts')}`).not.toContain('down.example')
})

test('the overview of a partner has its first 20 hosts, and leads to all', async () => {
  const { api, add, read } = await open()
  const partnerId = api.partner.id
  await add(
    api.clock.now,
    ...Array.from(
      { length: 19 },
      (_, n) => [{ partnerId, host: `h${n}.example` }, GOOD] as [Partial<Series>, typeof GOOD],
    ),
  )
  const countOf = (page: string) => page.match(/href="registrations\?host=/g)?.length
  expect(await read('partner', '?lang=en')).not.toContain('All hosts')
  await add(api.clock.now, [{ partnerId, host: 'last.example' }, BAD])
  const page = await read('partner', '?lang=en&span=7d')
  expect(countOf(page)).toBe(20)
  expect(page).toContain('<a href="hosts?span=7d">All hosts</a>')
  expect(page).toContain('last.example')
  expect(countOf(await read('partner', 'hosts'))).toBe(21)
})

test('hosts and partners with failures come first, with their share that arrived', async () => {
  const { api, read } = await open()
  const hosts = await read('operator', 'hosts?lang=en')
  expect(hosts.indexOf('down.example')).toBeLessThan(hosts.indexOf('well.example'))
  expect(hosts).toMatch(/down\.example(?:(?!<\/tr>).)*66\.6 %/s)
  const one = await read('operator', `hosts?partner=${api.partner.id}`)
  expect([one.includes('well.example'), one.includes('down.example')]).toEqual([true, false])
  const partners = await read('operator', 'partners?lang=en')
  const placeOf = (id: string) => partners.indexOf(`href="partners/${id}"`)
  expect(placeOf(api.other.id)).toBeLessThan(placeOf(api.partner.id))
  expect(partners).toContain(`<a href="hosts?partner=${api.other.id}">down.example</a>`)
})
