import { describe, expect, test } from 'vitest'
import { HOOK, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const limit = (quotas: Record<string, number | null>) => api.admin('PATCH', `/partners/${api.partner.id}`, { quotas })
const post = (idcardid: string, callbackUrl = HOOK, key = api.partner.key) =>
  api.call('POST', '/v1/registrations', { key, body: { idcardid, callbackUrl } })
const statuses = (results: readonly { status: number }[]) => results.map(({ status }) => status)

describe('the quota of pending registrations', () => {
  test('is a 429 that names the limit and when to retry', async () => {
    await limit({ pending: 2 })
    expect(statuses([await post('1'), await post('2')])).toEqual([201, 201])
    const over = await post('3')
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, '60'])
    expect(over.json).toMatchObject({
      type: '/docs/problems#too_many_requests',
      detail: 'You have reached your limit of 2 pending registrations.',
    })
    expect(over.headers.get('location')).toBeNull()
  })
})

describe('M14: the quota of callback hosts', () => {
  const on = (host: string) => `https://${host}.example.com/hook`

  test('is a 403, because waiting does not help, and counts hosts, not URLs', async () => {
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
})

describe('the quota of a day', () => {
  test('is a 429, counts registrations that have ended, and looks back by 24 hours, to the full hour', async () => {
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
    api.clock.now += 3_600_001
    expect((await post('3')).status).toBe(201)
  })
})
