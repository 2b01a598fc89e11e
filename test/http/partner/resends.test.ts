import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const SINCE = '2026-11-24T16:00:00Z'
const resend = (body: unknown = { since: SINCE, delivery: 'exhausted' }, key = api.partner.key) =>
  api.call('POST', '/v1/resend', { key, body })
const show = (id: string) => api.call('GET', `/v1/resend/${id}`)

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
    stopped: false,
  })
  expect(headers.get('location')).toBe(`/v1/resend/${json.id}`)
  expect((await show(json.id)).json).toEqual(json)
  await api.store.stopBulkAct(json.id)
  expect((await show(json.id)).json).toEqual({ ...json, done: true, stopped: true })
})

test('takes a host, and resends nothing to others', async () => {
  await exhaust(['a', 'b'])
  const body = { since: SINCE, delivery: 'exhausted', host: 'Partner.example' }
  expect((await resend(body)).json).toMatchObject({ count: 2 })
  while (!(await api.store.continueBulkActs(10)).isIdle);
  expect(await api.receiveWith(500, { scheduleMs: [] })).toBe(2)
  expect((await resend({ ...body, host: 'partner.example:444' })).json).toMatchObject({ count: 0 })
  const { status, json } = await resend({ ...body, host: 'https://partner.example' })
  expect([status, json.errors[0].path]).toEqual([422, 'host'])
})

test('takes how long ago, and a day in a zone', async () => {
  await exhaust(['a'])
  const day = { since: '2026-11-25', until: '2026-11-25', zone: 'Asia/Shanghai', delivery: 'exhausted' }
  const span = { since: '2026-11-24T16:00:00.000Z', until: '2026-11-25T15:59:59.999Z' }
  expect((await resend(day)).json).toMatchObject({ count: 1, ...span })
  expect((await resend({ since: '1m', delivery: 'exhausted' })).json).toMatchObject({ count: 0 })
})

test.each([
  [{}, ['since', 'delivery']],
  [{ since: 'yesterday', delivery: 'exhausted' }, ['since']],
  // In UTC they are of the years 10000 and -1.
  [{ since: '9999-12-31T23:59:59-08:00', delivery: 'exhausted' }, ['since']],
  [{ since: '0000-01-01T00:00:00+08:00', delivery: 'exhausted' }, ['since']],
  [{ since: SINCE, until: '2026-11-24T15:59:59Z', delivery: 'exhausted' }, ['since']],
  [{ since: SINCE, delivery: 'delivered' }, ['delivery']],
  [{ since: SINCE, delivery: 'exhausted', partner: 'x' }, ['partner']],
])('refuses %j', async (body, paths) => {
  const { status, json } = await resend(body)
  expect([status, json.errors.map(({ path }: { path: string }) => path)]).toEqual([422, paths])
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
