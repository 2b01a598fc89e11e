import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createApiKey } from '../../../src/core/api-key.ts'
import { openApi } from '../support/api.ts'

const ONE = '/v1/registrations'
const BATCH = '/v1/registrations/batch'
const bodyOf = (n: number) => ({ idcardid: `serial-${n}`, callbackUrl: 'https://partner.example/hook' })
const batchOf = (count: number, from = 0) => ({
  registrations: Array.from({ length: count }, (_, n) => bodyOf(from + n)),
})

test('a batch costs what it holds, however many requests a second are allowed', async () => {
  await using api = await openApi({ server: { apiRate: 100_000, registrationRate: 200 } })
  expect((await api.call('POST', BATCH, { body: batchOf(1_000) })).status).toBe(200)
  expect((await api.call('POST', BATCH, { body: batchOf(1_000, 1_000) })).status).toBe(200)
  const refused = await api.call('POST', BATCH, { body: batchOf(400, 2_000) })
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(refused.json).toMatchObject({
    type: '/docs/problems#too_many_requests',
    detail: 'You may register 200 serials a second, in bursts of 2000. Nothing of this request was accepted.',
  })
  expect((await api.call('POST', ONE, { body: bodyOf(2_000) })).status).toBe(429)
  api.clock.now += 2_000
  const { json } = await api.call('POST', BATCH, { body: batchOf(400, 2_000) })
  expect(json.results.every(({ status }: { status: number }) => status === 201)).toBe(true)
})

test('nothing is taken of a request that is over the rate, and it costs nothing', async () => {
  await using api = await openApi({ server: { registrationRate: 1 } })
  await api.call('POST', BATCH, { body: batchOf(995) })
  for (let n = 0; n < 20; n++) expect((await api.call('POST', BATCH, { body: batchOf(6, 1_000) })).status).toBe(429)
  expect((await api.call('GET', `${ONE}?idcardid=serial-1000`)).json.data).toEqual([])
  expect((await api.call('POST', BATCH, { body: batchOf(5, 1_000) })).status).toBe(200)
})

test('counts for all keys of a partner, and for nobody else', async () => {
  await using api = await openApi({ server: { registrationRate: 1 } })
  const second = createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes)
  await api.store.createKey(api.partner.id, second)
  await api.call('POST', BATCH, { body: batchOf(1_000) })
  expect((await api.call('POST', ONE, { body: bodyOf(1_000), key: second.text })).status).toBe(429)
  expect((await api.call('POST', ONE, { body: bodyOf(1_001), key: api.other.key })).status).toBe(201)
})
