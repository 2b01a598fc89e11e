import { afterEach, beforeEach, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { openApi, START } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const SINCE = '2026-11-24T16:00:00Z'
const resend = (body: unknown = { since: SINCE, delivery: 'exhausted' }, key = api.partner.key) =>
  api.call('POST', '/v1/resend', { key, body })
const show = (id: string) => api.call('GET', `/v1/resend/${id}`)
const stateOf = async (id: string) => (await api.call('GET', `/v1/registrations/${id}`)).json.delivery.state

/** Registers these, and no attempt to deliver their verdicts is taken. */
const exhaust = async (serials: string[], key = api.partner.key) => {
  const ids: string[] = []
  for (const idcardid of serials) ids.push((await api.register({ idcardid }, key)).id)
  api.clock.now += MINUTE
  // One of each partner at a time, within the account's rate.
  for (const _ of serials) {
    await api.succeed()
    api.clock.now += MINUTE
  }
  await api.receiveWith(500, { slots: 20, scheduleMs: [] })
  api.clock.now += MINUTE
  return ids
}

test('answers with the number of messages and the address of its progress', async () => {
  await exhaust(['a', 'b', 'c'])
  const { status, headers, json } = await resend()
  expect(status).toBe(202)
  expect(json).toEqual({
    id: expect.stringMatching(/^resend_/),
    since: '2026-11-24T16:00:00.000Z',
    until: new Date(api.clock.now).toISOString(),
    count: 3,
    resent: 0,
    done: false,
  })
  expect(headers.get('location')).toBe(`/v1/resend/${json.id}`)
  expect((await show(json.id)).json).toEqual(json)
})

test('continues in batches until it is done', async () => {
  const ids = await exhaust(['a', 'b', 'c'])
  const { id } = (await resend()).json
  const step = async () => (await api.store.continueBulkActs(2)).count
  expect(await step()).toBe(2)
  expect((await show(id)).json).toMatchObject({ count: 3, resent: 2, done: false })
  expect(await step()).toBe(1)
  expect((await show(id)).json).toMatchObject({ count: 3, resent: 3, done: true })
  expect(await step()).toBe(0)
  expect(await Promise.all(ids.map(stateOf))).toEqual(['pending', 'pending', 'pending'])
  expect(await api.receiveWith(200)).toBe(3)
  expect(await Promise.all(ids.map(stateOf))).toEqual(['delivered', 'delivered', 'delivered'])
})

test('is done by its first step if there is nothing to resend', async () => {
  const { json } = await resend()
  expect(json).toMatchObject({ count: 0, resent: 0 })
  await api.store.continueBulkActs(2)
  expect((await show(json.id)).json).toEqual({ ...json, done: true })
})

test('skips messages that are pending, delivered, cancelled or outside the time span', async () => {
  const [early] = await exhaust(['early'])
  const since = new Date(api.clock.now).toISOString()
  const [cancelled, inside] = await exhaust(['cancelled', 'inside'])
  await api.call('DELETE', `/v1/registrations/${cancelled}`)
  const until = new Date(api.clock.now).toISOString()
  api.clock.now += HOUR
  const [late] = await exhaust(['late'])
  const { id: delivered } = await api.register({ idcardid: 'delivered' })
  await api.succeed()
  await api.receiveWith(200)
  expect((await resend({ since, until, delivery: 'exhausted' })).json.count).toBe(1)
  await api.store.continueBulkActs(10)
  expect(await Promise.all([early, inside, late, delivered].map(id => stateOf(id ?? '')))).toEqual([
    'exhausted',
    'pending',
    'exhausted',
    'delivered',
  ])
})

test('releases messages that are on hold after a 410', async () => {
  const ids = [(await api.register({ idcardid: 'a' })).id, (await api.register({ idcardid: 'b' })).id]
  await api.succeed()
  api.clock.now += MINUTE
  await api.succeed()
  expect(await api.receiveWith(410, { slots: 1 })).toBe(1)
  api.clock.now += HOUR
  expect(await api.receiveWith(200)).toBe(0)
  expect((await Promise.all(ids.map(stateOf))).toSorted()).toEqual(['exhausted', 'pending'])
  expect((await resend()).json.count).toBe(1)
  await api.store.continueBulkActs(10)
  expect(await api.receiveWith(200)).toBe(2)
  expect(await Promise.all(ids.map(stateOf))).toEqual(['delivered', 'delivered'])
})

test("skips another partner's messages, and another partner's resend is 404", async () => {
  const [foreign] = await exhaust(['a'], api.other.key)
  expect((await resend()).json.count).toBe(0)
  const { id } = (await resend(undefined, api.other.key)).json
  const { status, text } = await show(id)
  expect(status).toBe(404)
  expect(text).toBe((await show('resend_none')).text)
  const { json } = await api.call('GET', `/v1/registrations/${foreign}`, { key: api.other.key })
  expect(json.delivery.state).toBe('exhausted')
})

test.each([
  [{}, ['since', 'delivery']],
  [{ since: 'yesterday', delivery: 'exhausted' }, ['since']],
  [{ since: '2026-11-24', delivery: 'exhausted' }, ['since']],
  [{ since: '2026-11-24T08:00:00', delivery: 'exhausted' }, ['since']],
  [{ since: START, delivery: 'exhausted' }, ['since']],
  [{ since: SINCE, until: '2026-11-24T15:59:59Z', delivery: 'exhausted' }, ['until']],
  [{ since: SINCE, delivery: 'delivered' }, ['delivery']],
  [{ since: SINCE, delivery: 'exhausted', partner: 'x' }, ['partner']],
])('refuses %j', async (body, paths) => {
  const { status, json } = await resend(body)
  expect([status, json.errors.map(({ path }: { path: string }) => path)]).toEqual([422, paths])
})

test('says where to get at once what is pending', async () => {
  const { json } = await resend({ since: SINCE, delivery: 'pending' })
  expect(json.errors[0].message).toContain('GET /v1/events?delivery=pending')
})

test('accepts a time with any offset', async () => {
  const { json } = await resend({ since: '2026-11-25T00:00:00+08:00', delivery: 'exhausted' })
  expect(json.since).toBe('2026-11-24T16:00:00.000Z')
})

test('ten bulk resends a minute may begin, and ten be under way', async () => {
  for (let n = 0; n < 10; n++) expect((await resend()).status).toBe(202)
  const refused = await resend()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '6'])
  expect((await resend(undefined, api.other.key)).status).toBe(202)
  api.clock.now += 6_000
  expect((await resend()).status).toBe(429)
  api.clock.now += 6_000
  await api.store.continueBulkActs(1)
  expect((await resend()).status).toBe(202)
})
