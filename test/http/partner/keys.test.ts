import { expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

test('are replaced by their partner: a new key, and with it the end of the old one', async () => {
  const works = async (key: string) => (await api.call('GET', '/v1/me', { key })).status === 200
  const unread = await api.call('POST', '/v1/keys', { body: { expiresAt: '2027-01-01T00:00:00Z' } })
  expect([unread.status, unread.json.errors]).toMatchObject([422, [{ path: 'expiresAt' }]])
  const made = await api.call('POST', '/v1/keys')
  expect([made.status, made.json]).toEqual([
    201,
    { id: expect.stringMatching(/^key_/), apiKey: expect.stringMatching(/^ifn_/) },
  ])
  const { id, apiKey: key } = made.json
  expect([await works(api.partner.key), await works(key)]).toEqual([true, true])
  const old = `/v1/keys/${api.partner.keyId}`
  const itself = await api.call('DELETE', old)
  expect([itself.status, itself.json.type]).toEqual([409, '/docs/problems#conflict'])
  for (let n = 0; n < 2; n++) expect((await api.call('DELETE', old, { key })).status).toBe(204)
  api.clock.now += 2_000
  expect([await works(api.partner.key), await works(key)]).toEqual([false, true])
  const listed = await api.call('GET', '/v1/keys', { key })
  expect(listed.json).toMatchObject({
    data: [
      { id: api.partner.keyId, revoked: true },
      { id, revoked: false, expiresAt: null },
    ],
    nextCursor: null,
  })
  expect(listed.text + api.logged.join('')).not.toContain(key.slice(-20))
})

test('are ten at most, and not those of another', async () => {
  for (let n = 0; n < 9; n++) expect((await api.call('POST', '/v1/keys')).status).toBe(201)
  expect((await api.call('POST', '/v1/keys')).status).toBe(409)
  expect((await api.call('DELETE', `/v1/keys/${api.other.keyId}`)).status).toBe(404)
  expect((await api.call('GET', '/v1/me', { key: api.other.key })).status).toBe(200)
})

test('are not for who comes by a console link', async () => {
  const { json } = await api.call('POST', '/v1/console-links')
  const key = new URL(json.url).searchParams.get('link') ?? ''
  for (const [method, path] of [
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['DELETE', `/v1/keys/${api.partner.keyId}`],
  ] as const)
    expect([method, (await api.call(method, path, { key })).status]).toEqual([method, 403])
})
