import { Webhook } from 'standardwebhooks'
import { expect, test, vi } from 'vitest'
import { HOUR } from '../../../src/core/duration.ts'
import { CLAIM_ALL } from '../../support/store.ts'
import { type Json, openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const events = (query = '', key = api.partner.key) => api.call('GET', `/v1/events${query}`, { key })
const idsOf = ({ json }: Json) => json.data.map(({ registrationId }: Json) => registrationId)

/** Registers and resolves one after the other, so that their messages have an order. */
const resolveEach = async (...serials: string[]) => {
  const ids: string[] = []
  for (const idcardid of serials) {
    ids.push((await api.register({ idcardid })).id)
    api.clock.now += HOUR
    await api.succeed()
  }
  return ids
}

test('are the messages of the partner in order', async () => {
  const ids = await resolveEach('a', 'b', 'c')
  const answer = await events()
  expect(answer.status).toBe(200)
  expect(idsOf(answer)).toEqual(ids)
  expect(answer.json.data[0]).toEqual({
    messageId: ids[0]?.replace('reg_', 'msg_'),
    registrationId: ids[0],
    type: 'idface.succeeded',
    createdAt: '2026-11-24T17:20:00.000Z',
    delivery: 'pending',
    body: expect.any(String),
    headers: {
      'webhook-id': ids[0]?.replace('reg_', 'msg_'),
      'webhook-timestamp': String(api.clock.now / 1000),
      'webhook-signature': expect.stringMatching(/^v1,/),
    },
  })
})

test('the body is the exact text of the webhook', async () => {
  await resolveEach('a')
  const { messages } = await api.store.claimMessages(CLAIM_ALL)
  expect((await events()).json.data[0].body).toBe(messages[0]?.body.toString())
})

test('the headers are signed now, with every live secret', async () => {
  await resolveEach('a')
  // The verifier goes by the real clock, so the rotation must too: its overlap ends a day later.
  api.clock.now = Date.now()
  const rotate = (type: string) => api.call('POST', '/v1/signing-secrets/rotate', { body: { type } })
  const { secret } = (await rotate('v1')).json
  await rotate('v1a')
  const { json } = await events()
  const [{ body, headers }] = json.data
  expect(headers['webhook-signature'].split(' ').map((signature: string) => signature.split(',')[0])).toEqual([
    'v1a',
    'v1',
    'v1',
  ])
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'idface.succeeded' })
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
})

test('cancelled messages are left out, and the cursor moves past them', async () => {
  const [first, second] = await resolveEach('a', 'b')
  await api.call('DELETE', `/v1/registrations/${first}?erase=true`)
  const answer = await events('?limit=1')
  expect(idsOf(answer)).toEqual([second])
  await api.call('DELETE', `/v1/registrations/${second}?erase=true`)
  expect((await events(`?after=${answer.json.nextCursor}`)).json.data).toEqual([])
})

test.each([
  'after=1',
  'after=evt_',

  `after=evt_${'9'.repeat(16)}`,
  'cursor=x',
])('refuses ?%s without a look at the database', async query => {
  const listEvents = vi.spyOn(api.store, 'listEvents')
  expect((await events(`?${query}`)).status).toBe(400)
  expect(listEvents).not.toHaveBeenCalled()
})

test('since a time begin at the first that was created then, also with its offset', async () => {
  const ids = await resolveEach('a', 'b', 'c')
  expect(idsOf(await events('?since=2026-11-24T18:20:00Z'))).toEqual(ids.slice(1))
  for (const text of [
    '2026-11-25T02:20:00%2B08:00',
    '2026-11-25T02:20:00+08:00',
    '2026-11-25+02:20&zone=Asia/Shanghai',
  ])
    expect(await events(`?since=${text}`)).toMatchObject({ json: { since: '2026-11-24T18:20:00.000Z' } })
  expect(idsOf(await events('?since=2026-11-25T02:20:00+08:00'))).toEqual(ids.slice(1))
  const first = await events('?since=2026-11-24T18:20:00Z&limit=1')
  expect(idsOf(await events(`?since=2026-11-24T18:20:00Z&after=${first.json.nextCursor}`))).toEqual(ids.slice(2))
  expect(idsOf(await events('?since=2020-01-01T00:00:00Z'))).toEqual(ids)
})

test('of one state of delivery are those that were missed', async () => {
  const delivered = await resolveEach('a')
  await api.receiveWith(200)
  const missed = await resolveEach('b')
  await api.receiveWith(500, { scheduleMs: [] })
  expect(idsOf(await events('?delivery=delivered'))).toEqual(delivered)
  expect(idsOf(await events('?delivery=exhausted&since=2026-11-24T00:00:00Z'))).toEqual(missed)
  expect(idsOf(await events('?delivery=pending'))).toEqual([])
})

test('of one registration are found by it, and by its partner alone', async () => {
  const [one = '', other] = await resolveEach('a', 'b')
  expect([idsOf(await events(`?registrationId=${one}`)), idsOf(await events())]).toEqual([[one], [one, other]])
  const theirs = await api.call('GET', `/v1/events?registrationId=${one}`, { key: api.other.key })
  expect(theirs.json.data).toEqual([])
})

test.each(['since=yesterday', 'since=2026-11-24T08:00:00', 'since=', 'delivery=sent', 'registrationId=16236437872836'])(
  'refuses ?%s',
  async query => {
    const { status, json } = await events(`?${query}`)
    expect([status, json.errors]).toEqual([
      400,
      [{ path: query.split('=')[0], message: expect.stringMatching(/^must /) }],
    ])
  },
)

test('are charged by the item: a page costs what it holds, and is not read where that is too much', async () => {
  await using small = await openApi({ server: { apiRate: 25 } })
  for (let n = 0; n < 20; n++) await small.register({ idcardid: `serial-${n}` })
  for (let settled = 1; settled > 0; small.clock.now += 1_000) settled = await small.succeed()
  const page = (query = '') => small.call('GET', `/v1/events${query}`)
  const { nextCursor } = (await page()).json
  for (let n = 1; n < 22; n++) expect((await page()).json.data).toHaveLength(20)
  expect((await page(`?after=${nextCursor}`)).status).toBe(200)
  expect((await page()).status).toBe(200)
  const listEvents = vi.spyOn(small.store, 'listEvents')
  const refused = await page()
  expect(listEvents).not.toHaveBeenCalled()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect(refused.json.detail).toMatch(/250 .*500/)
  small.clock.now += 1_000
  expect((await page()).status).toBe(200)
})

test('that a page looked at in vain are charged too: ten as one', async () => {
  await using small = await openApi({ server: { apiRate: 25 } })
  vi.spyOn(small.store, 'listEvents').mockResolvedValue({
    ...{ outcome: 'page', events: [], end: { n: 1_000, at: 1 }, scanned: 1_000 },
  })
  const page = async () => (await small.call('GET', '/v1/events?delivery=exhausted')).status
  for (let n = 0; n < 5; n++) expect(await page()).toBe(200)
  expect(await page()).toBe(429)
  small.clock.now += 1_000
  expect(await page()).toBe(200)
})
