import { describe, expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

describe('keys', () => {
  const path = () => `/partners/${api.partner.id}/keys`
  const isLetIn = async (key: string) => (await api.call('GET', '/v1/registrations', { key })).status === 200

  test('can be several, and each can be revoked', async () => {
    const { status, json } = await api.admin('POST', path())
    expect(status).toBe(201)
    const apiKey = expect.stringMatching(/^ifn_/)
    const id = expect.stringMatching(/^key_/)
    expect(json).toEqual({ id, partnerId: api.partner.id, apiKey, expiresAt: null })
    expect(await isLetIn(json.apiKey)).toBe(true)

    for (const _ of [1, 2]) expect((await api.admin('DELETE', `/keys/${api.partner.keyId}`)).status).toBe(204)
    const at = '2026-11-24T16:20:00.000Z'
    const shown = { createdAt: at, lastUsedAt: null, expiresAt: null }
    expect((await api.admin('GET', path())).json).toEqual({
      data: [
        { id: api.partner.keyId, ...shown, revoked: true },
        { id: json.id, ...shown, lastUsedAt: at, revoked: false },
      ],
      nextCursor: null,
    })
    expect(await isLetIn(api.partner.key)).toBe(false)
    expect(await isLetIn(json.apiKey)).toBe(true)
  })

  test('with an expiry stop working within two seconds of it', async () => {
    const { status, json } = await api.admin('POST', path(), { expiresAt: '2026-11-25T00:21:00+08:00' })
    expect([status, json.expiresAt]).toEqual([201, '2026-11-24T16:21:00.000Z'])
    expect((await api.admin('GET', path())).json.data[1]).toMatchObject({ id: json.id, expiresAt: json.expiresAt })
    api.clock.now += 59_000
    expect(await isLetIn(json.apiKey)).toBe(true)
    api.clock.now += 2_000
    expect(await isLetIn(json.apiKey)).toBe(false)
    expect(await isLetIn(api.partner.key)).toBe(true)
  })

  test.each(['2026-11-24T16:20:00Z', 'never', 1_900_000_000])('are not created with the expiry %j', async expiresAt => {
    const { status, json } = await api.admin('POST', path(), { expiresAt })
    expect([status, json.errors]).toEqual([
      422,
      [{ path: 'expiresAt', message: expect.stringContaining('in the future') }],
    ])
    expect((await api.admin('GET', path())).json.data).toHaveLength(1)
  })
})
