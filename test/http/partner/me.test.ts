import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { openApi } from '../support/api.ts'

test('shows the partner of the key and its limits', async () => {
  await using api = await openApi({ server: { apiRate: 200 } })
  const { status, json } = await api.call('GET', '/v1/me')
  expect(status).toBe(200)
  expect(json).toEqual({
    partnerId: api.partner.id,
    name: 'one',
    payload: 'full',
    rate: { perSecond: 200, burst: 400 },
    registrationRate: { perSecond: 100_000, burst: 1_000_000 },
    quotas: { pending: null, hosts: null, daily: null },
    usage: { pending: 0, hosts: 0, daily: 0, at: '2026-11-24T16:20:00.000Z' },
  })
})

test('shows how much of its quotas this partner has used', async () => {
  await using api = await openApi()
  const body = { payload: 'thin', quotas: { pending: 5, daily: 9 } }
  await api.admin('PATCH', `/partners/${api.partner.id}`, body)
  await api.register({ idcardid: 'a' })
  await api.register({ idcardid: 'b', callbackUrl: 'https://elsewhere.example/' })
  await api.register({ idcardid: 'c' }, api.other.key)
  const { json } = await api.call('GET', '/v1/me')
  expect(json).toMatchObject({
    payload: 'thin',
    quotas: { pending: 5, hosts: null, daily: 9 },
    usage: { pending: 2, hosts: 2, daily: 2 },
  })
  await api.succeed()
  api.clock.now += MINUTE
  expect((await api.call('GET', '/v1/me')).json.usage).toEqual({
    pending: 1,
    hosts: 2,
    daily: 2,
    at: '2026-11-24T16:21:00.000Z',
  })
})
