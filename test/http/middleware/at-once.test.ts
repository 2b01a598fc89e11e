import { expect, test } from 'vitest'
import { openApi } from '../support/api.ts'

test('one partner’s slow requests could hold every connection; more than 1,024 are refused, and nobody else’s', async () => {
  const slow = Promise.withResolvers<null>()
  await using api = await openApi()
  const { findPartner } = api.store
  api.store.findPartner = async id => (await slow.promise) ?? findPartner(id)
  const me = () => api.call('GET', '/v1/me')
  const held = Array.from({ length: 1_024 }, me)
  const refused = await me()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2'])
  expect(refused.json).toMatchObject({ type: '/docs/problems#too_many_requests' })
  expect((await api.call('GET', '/v1/registrations', { key: api.other.key })).status).toBe(200)
  slow.resolve(null)
  expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([200]))
  expect((await me()).status).toBe(200)
  // One that fails has ended too.
  expect((await api.call('GET', '/v1/me?a=1')).status).toBe(400)
  const again = await Promise.all(Array.from({ length: 1_024 }, me))
  expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]))
})

const COUNT = '/v1/admin/registrations/count'

test('one operator’s token held all connections with slow counts; more than 16 are refused, and nobody else’s', async () => {
  const slow = Promise.withResolvers<{ count: number; isCapped: boolean; scanned: number }>()
  await using api = await openApi()
  const { id, text: key } = await api.addToken('read')
  const readers: unknown[] = []
  api.store.countRegistrations = (_, reader) => {
    readers.push(reader)
    return slow.promise
  }
  const held = Array.from({ length: 16 }, () => api.call('GET', COUNT, { key }))
  const { status, headers } = await api.call('GET', COUNT, { key })
  expect([status, headers.get('retry-after'), headers.get('connection')]).toEqual([429, '2', 'close'])
  expect((await api.admin('GET', '/nodes')).status).toBe(200)
  expect((await api.call('GET', '/v1/me')).status).toBe(200)
  slow.resolve({ count: 0, isCapped: false, scanned: 0 })
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual(Array(16).fill(200))
  expect((await api.call('GET', COUNT, { key })).status).toBe(200)
  // Where they wait in line.
  expect(readers).toEqual(Array(17).fill(id))
})

test('an operator’s counts are charged for what they scan, after the first one', async () => {
  await using api = await openApi({ server: { apiRate: 25 } })
  const { text: key } = await api.addToken('read')
  api.store.countRegistrations = async () => ({ count: 0, isCapped: true, scanned: 20_000 })
  const count = async () => (await api.call('GET', COUNT, { key })).status
  expect([await count(), await count()]).toEqual([200, 429])
  expect((await api.call('GET', '/v1/admin/nodes', { key })).status).toBe(200)
  api.clock.now += 10_000
  expect(await count()).toBe(200)
})

test('an operator’s token has the rate of a key, each its own', async () => {
  await using api = await openApi({ server: { apiRate: 5 } })
  const statuses: number[] = []
  for (let n = 0; n < 11; n++) statuses.push((await api.admin('GET', '/nodes')).status)
  expect(statuses).toEqual([...Array(10).fill(200), 429])
  expect((await api.call('GET', '/v1/admin/nodes', { key: (await api.addToken('read')).text })).status).toBe(200)
  api.clock.now += 200
  expect((await api.admin('GET', '/nodes')).status).toBe(200)
})
