import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { createApiKey } from '../../../src/core/api-key.ts'
import { AppError } from '../../../src/core/error.ts'
import { both } from '../../support/words.ts'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const LIST = '/v1/registrations'

test('M11: every kind of invalid key gets the same answer', async () => {
  const { key, keyId } = api.partner
  const foreign = createApiKey(keyId, randomBytes).text
  const unknown = createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes).text
  const bearers = [foreign, unknown, `${key}x`, key.slice(0, -1), key.toUpperCase(), '', 'x', `${key} ${key}`]
  const answers = [
    ...(await Promise.all(bearers.map(bearer => api.call('GET', LIST, { key: bearer })))),
    await api.call('GET', LIST, { key: null }),
    await api.call('GET', LIST, { key: null, headers: { authorization: `Basic ${key}` } }),
    await api.call('GET', `${LIST}?api_key=${key}`, { key: null }),
  ]
  for (const answer of answers) {
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.text).toBe(answers[0]?.text)
  }
  expect(answers[0]?.json).toMatchObject({ type: '/docs/problems#unauthorized', status: 401 })
})

test('M11: a revoked key stops within two seconds', async () => {
  expect((await api.call('GET', LIST)).status).toBe(200)
  await api.store.revokeKey(api.partner.keyId)
  api.clock.now += 1_000
  expect((await api.call('GET', LIST)).status).toBe(401)
})

test('a burst of requests reads its key from the database once', async () => {
  const { store } = api
  const findKey = vi.spyOn(store, 'findKey')
  await Promise.all(Array.from({ length: 20 }, () => api.call('GET', LIST)))
  expect(findKey).toHaveBeenCalledTimes(1)
})

test('a failed look-up of a key is 503 with Retry-After, and is repeated by the next request', async () => {
  vi.spyOn(api.store, 'findKey').mockRejectedValueOnce(new AppError('unavailable', both('The database is busy.')))
  const { status, headers } = await api.call('GET', LIST)
  expect([status, headers.get('retry-after')]).toEqual([503, '2'])
  expect((await api.call('GET', LIST)).status).toBe(200)
})
