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
