import { describe, expect, test } from 'vitest'
import { DAY, MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { ADMIN_TOKEN, DEFAULTS, openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const PATH = '/v1/console-links'
const tokenOf = (url: string) => new URL(url).searchParams.get('link') ?? ''
const make = async (body?: unknown) => tokenOf((await api.call('POST', PATH, { body })).json.url)
const makeAsOperator = async (key = ADMIN_TOKEN) => {
  const { status, json } = await api.call('POST', `/v1/admin/partners/${api.partner.id}/console-links`, {
    key,
    body: { reason: 'asked by phone' },
  })
  expect(status).toBe(201)
  return tokenOf(json.url)
}
const statusFor = async (key: string) => (await api.call('GET', '/v1/me', { key })).status

describe('a console link', () => {
  test('lets in as its partner, for 15 minutes unless told otherwise', async () => {
    const { status, json } = await api.call('POST', PATH, { headers: { host: 'notifier.company.example' } })
    expect(status).toBe(201)
    expect(json).toEqual({
      url: expect.stringMatching(/^http:\/\/notifier\.company\.example\/console\/enter\?link=ifl_[\w-]+$/),
      expiresAt: new Date(api.clock.now + 15 * MINUTE).toISOString(),
    })
    const key = tokenOf(json.url)
    expect((await api.call('GET', '/v1/me', { key })).json.partnerId).toBe(api.partner.id)
    const { id } = await api.register({}, api.other.key)
    expect((await api.call('GET', `/v1/registrations/${id}`, { key })).status).toBe(404)
    expect((await api.call('GET', '/v1/admin/me', { key })).status).toBe(401)
  })

  test.each([
    ['1m', MINUTE],
    ['24h', DAY],
  ])('for %s ends then', async (ttl, ms) => {
    const key = await make({ ttl })
    api.clock.now += ms - 1
    expect(await statusFor(key)).toBe(200)
    api.clock.now += 1
    expect(await statusFor(key)).toBe(401)
  })

  test.each(['59s', '1441m', '25h', '15', '', 15, '1m '])('for %o is refused', async ttl => {
    const { status, json } = await api.call('POST', PATH, { body: { ttl } })
    expect([status, json.errors[0].path]).toEqual([422, 'ttl'])
  })

  test('ends with the key that made it, within two seconds', async () => {
    const [key, other] = [await make(), await makeAsOperator()]
    expect(await statusFor(key)).toBe(200)
    await api.store.revokeKey(api.partner.keyId)
    api.clock.now += 1_000
    expect([await statusFor(key), await statusFor(other)]).toEqual([401, 200])
  })

  test.each(['revoked', 'expired'])('of an operator ends with the token that made it: %s', async how => {
    const admin = await api.addToken('admin', how === 'expired' ? api.clock.now + MINUTE : null)
    const [key, other] = [await makeAsOperator(admin.text), await makeAsOperator()]
    expect([await statusFor(key), await statusFor(other)]).toEqual([200, 200])
    if (how === 'revoked') await api.store.revokeAdminToken(admin.id)
    api.clock.now += how === 'expired' ? MINUTE : 1_000
    expect([await statusFor(key), await statusFor(other)]).toEqual([401, 200])
  })

  test('made with ADMIN_TOKEN ends when that is another, or none', async () => {
    const masterKey = new Secret(Buffer.alloc(32, 7).toString('base64'))
    const { server, storage } = DEFAULTS
    const config = (adminToken: Secret | null) => ({
      ...{ ...DEFAULTS, server: { ...server, adminToken }, storage: { ...storage, masterKey } },
    })
    await using before = await openApi({ config: config(new Secret(ADMIN_TOKEN)) })
    const path = `/v1/admin/partners/${before.partner.id}/console-links`
    const key = tokenOf((await before.call('POST', path, { key: ADMIN_TOKEN })).json.url)
    for (const [adminToken, status] of [
      [new Secret(ADMIN_TOKEN), 200],
      [new Secret('another-token-of-the-operator-1234'), 401],
      [null, 401],
    ] as const) {
      await using after = await openApi({ config: config(adminToken) }, store => ({
        ...store,
        findPartner: before.store.findPartner,
      }))
      expect((await after.call('GET', '/v1/me', { key })).status).toBe(status)
    }
  })

  test('ends while the partner is disabled, whoever has made it', async () => {
    const links = [await make(), await makeAsOperator()]
    for (const disabled of [true, false]) {
      await api.store.changePartner(api.partner.id, { disabled })
      api.clock.now += 1_000
      for (const link of links) expect(await statusFor(link)).toBe(disabled ? 401 : 200)
    }
  })

  test('makes no other link, and neither makes nor ends a signing secret', async () => {
    const [secret] = await api.store.listSigningSecrets(api.partner.id)
    for (const key of [await make(), await makeAsOperator()])
      for (const [method, path] of [
        ['POST', PATH],
        ['POST', '/v1/signing-secrets/rotate'],
        ['DELETE', `/v1/signing-secrets/${secret?.id}`],
      ] as const) {
        const { status, json } = await api.call(method, path, { key })
        expect([path, status, json.type]).toEqual([path, 403, '/docs/problems#forbidden'])
      }
    expect(await api.store.listSigningSecrets(api.partner.id)).toEqual([secret])
  })

  test('that was changed, or cut, lets nobody in', async () => {
    const key = await make()
    const middle = Math.floor(key.length / 2)
    const changed = `${key.slice(0, middle)}${key[middle] === 'A' ? 'B' : 'A'}${key.slice(middle + 1)}`
    for (const wrong of [changed, key.slice(0, -2), 'ifl_', key.slice('ifl_'.length)])
      expect(await statusFor(wrong)).toBe(401)
  })

  test('is in no line of the log and not in the audit, which tells who has made it for whom and why', async () => {
    const links = [await make(), await makeAsOperator()]
    for (const link of links) await statusFor(link)
    const audit = await api.admin('GET', '/audit')
    expect(audit.json.data[0]).toMatchObject({
      ...{ act: 'partner.console_link', object: api.partner.id, reason: 'asked by phone', outcome: 'done' },
      changes: { expiresAt: { after: new Date(api.clock.now + 15 * MINUTE).toISOString() } },
    })
    for (const link of links) expect(`${audit.text}${api.logged.join('')}`).not.toContain(link.slice('ifl_'.length))
  })

  test('of no partner is made for nobody', async () => {
    const call = (id: string) => api.admin('POST', `/partners/${id}/console-links`)
    expect((await call('partner_01JABCDEFGHJKMNPQRSTVWXYZ0')).status).toBe(404)
  })
})
