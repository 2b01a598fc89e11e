import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEnumerationGuard } from '../../../src/http/middleware/enumeration-guard.ts'
import { ADMIN_TOKEN, HOOK, type Json, openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const limit = async (quotas: Record<string, number | null>, id = api.partner.id) => {
  await api.call('PATCH', `/v1/admin/partners/${id}`, { key: ADMIN_TOKEN, body: { quotas } })
}
const post = (idcardid: string, callbackUrl = HOOK, key = api.partner.key) =>
  api.call('POST', '/v1/registrations', { key, body: { idcardid, callbackUrl } })
const batch = async (serials: readonly string[], urlOf: (serial: string) => string = () => HOOK): Promise<Json[]> => {
  const registrations = serials.map(idcardid => ({ idcardid, callbackUrl: urlOf(idcardid) }))
  return (await api.call('POST', '/v1/registrations/batch', { body: { registrations } })).json.results
}
const statuses = (results: readonly { status: number }[]) => results.map(({ status }) => status)

describe('the quota of pending registrations', () => {
  test('is 429 with what it is and when to come back', async () => {
    await limit({ pending: 2 })
    expect(statuses([await post('1'), await post('2')])).toEqual([201, 201])
    const over = await post('3')
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, '60'])
    expect(over.json).toMatchObject({
      type: '/docs/problems#too_many_requests',
      detail: 'You have reached your limit of 2 registrations that wait for their verdict.',
    })
    expect(over.headers.get('location')).toBeNull()
  })

  test('has room again once one has ended', async () => {
    await limit({ pending: 1 })
    const { json } = await post('1')
    expect((await post('2')).status).toBe(429)
    await api.call('DELETE', `/v1/registrations/${json.id}`)
    api.clock.now += 1_000
    expect((await post('2')).status).toBe(201)
    await api.succeed()
    api.clock.now += 1_000
    expect((await post('3')).status).toBe(201)
  })

  test('lets what is there already be registered again', async () => {
    await limit({ pending: 1 })
    expect(statuses([await post('1'), await post('1'), await post('1')])).toEqual([201, 200, 200])
  })

  test('holds within a batch, item by item', async () => {
    await limit({ pending: 2 })
    const results = await batch(['1', '1', '2', '3', '1', '4'])
    expect(statuses(results)).toEqual([201, 200, 201, 429, 200, 429])
    expect(results[3].problem).toMatchObject({ status: 429, type: '/docs/problems#too_many_requests' })
  })

  test('holds for fifty calls at once', async () => {
    await limit({ pending: 7 })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(`${n + 1}`)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(7)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(43)
  })

  test('of one partner is nothing to another', async () => {
    await limit({ pending: 0 })
    expect(statuses([await post('1'), await post('1', HOOK, api.other.key)])).toEqual([429, 201])
  })

  test('is lifted with null', async () => {
    await limit({ pending: 0 })
    await limit({ pending: null })
    expect((await post('1')).status).toBe(201)
  })
})

describe('M14: the quota of callback hosts', () => {
  const on = (host: string) => `https://${host}.example.com/hook`

  test('is 403, because waiting does not help, and counts hosts, not URLs', async () => {
    await limit({ hosts: 2 })
    expect((await post('1', on('a'))).status).toBe(201)
    expect((await post('2', `${on('a')}/other?x=1`)).status).toBe(201)
    expect((await post('3', on('b'))).status).toBe(201)
    const over = await post('4', on('c'))
    expect([over.status, over.headers.get('retry-after')]).toEqual([403, null])
    expect(over.json).toMatchObject({
      type: '/docs/problems#forbidden',
      detail: 'You have reached your limit of 2 different callback hosts.',
    })
    expect((await post('5', on('b'))).status).toBe(201)
  })

  test('holds for 1,000 hosts in one batch', async () => {
    await limit({ hosts: 3 })
    const serials = Array.from({ length: 1_000 }, (_, n) => `s${n}`)
    const results = await batch(serials, serial => on(serial))
    expect(results.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(results.filter(({ status }) => status === 403)).toHaveLength(997)
  })
})

describe('the quota of a day', () => {
  test('is 429, also for what has ended since, and over after 24 hours', async () => {
    await limit({ daily: 2 })
    const { json } = await post('1')
    await api.call('DELETE', `/v1/registrations/${json.id}`)
    expect((await post('2')).status).toBe(201)
    const over = await post('3')
    expect([over.status, over.json.detail]).toEqual([
      429,
      'You have reached your limit of 2 new registrations in 24 hours.',
    ])
    api.clock.now += 24 * 3_600_000 - 1
    expect((await post('3')).status).toBe(429)
    api.clock.now += 1_001
    expect((await post('3')).status).toBe(201)
  })
})

test('a partner sees its quotas and what it has used of them', async () => {
  await limit({ pending: 5, hosts: 6, daily: null })
  await post('1')
  await post('2')
  const { status, json } = await api.call('GET', '/v1/me')
  expect(status).toBe(200)
  expect(json).toMatchObject({
    partnerId: api.partner.id,
    quotas: { pending: 5, hosts: 6, daily: null },
    usage: { pending: 2, hosts: 1, daily: 2 },
  })
})

describe('M4: a partner who walks serials', () => {
  const FIRST = 16236437872836
  const openSuspicious = async () => {
    const events: string[] = []
    const clock = { now: 0 }
    const emit = (event: string) => void events.push(event)
    const enumerationGuard = createEnumerationGuard({ now: () => clock.now, emit })
    const opened = await openApi({ enumerationGuard })
    clock.now = opened.clock.now
    const walk = (count: number, from = FIRST, key = opened.partner.key) =>
      Array.from({ length: count }, (_, n) => n).reduce<Promise<number[]>>(async (before, n) => {
        const seen = await before
        const body = { idcardid: String(from + n), callbackUrl: HOOK }
        return [...seen, (await opened.call('POST', '/v1/registrations', { key, body })).status]
      }, Promise.resolve([]))
    return { ...opened, events, walk }
  }

  test('is told to the operator after thirty neighbours, and goes on as long as they are its own', async () => {
    await using opened = await openSuspicious()
    expect(await opened.walk(40)).toEqual(Array(40).fill(201))
    expect(opened.events).toEqual(['partner.suspected'])
  })

  test('is slow where the serials are another’s, whom it learns nothing about, and others are not', async () => {
    await using opened = await openSuspicious()
    const registrations = Array.from({ length: 40 }, (_, n) => ({ idcardid: String(FIRST + n), callbackUrl: HOOK }))
    await opened.call('POST', '/v1/registrations/batch', { key: opened.other.key, body: { registrations } })
    opened.events.length = 0
    const seen = await opened.walk(40)
    expect(seen).toEqual([...Array(33).fill(409), ...Array(7).fill(429)])
    expect(opened.events).toEqual(['partner.suspected'])
    expect(await opened.walk(3, 1, opened.other.key)).toEqual([201, 201, 201])
  })

  test('registers one at a time, no batches, for as long as it is told to wait', async () => {
    await using opened = await openSuspicious()
    const sendBatch = (from: number, count: number) => {
      const registrations = Array.from({ length: count }, (_, n) => ({ idcardid: `${from + n}`, callbackUrl: HOOK }))
      return opened.call('POST', '/v1/registrations/batch', { body: { registrations } })
    }
    const registrations = Array.from({ length: 40 }, (_, n) => ({ idcardid: `${FIRST + n}`, callbackUrl: HOOK }))
    await opened.call('POST', '/v1/registrations/batch', { key: opened.other.key, body: { registrations } })
    expect((await sendBatch(FIRST, 40)).status).toBe(200)
    const refused = await sendBatch(FIRST + 40, 2)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '600'])
    expect((await sendBatch(FIRST + 40, 1)).status).toBe(200)
  })

  test('is nobody who registers the same serials again and again', async () => {
    await using opened = await openSuspicious()
    await opened.walk(10)
    for (let n = 0; n < 5; n++) expect(await opened.walk(10)).toEqual(Array(10).fill(200))
    expect(opened.events).toEqual([])
  })
})
