import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, HOOK, openApi } from './support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const admin = (method: string, path: string, body?: unknown) =>
  api.call(method, `/v1/admin${path}`, { key: ADMIN_TOKEN, ...(body === undefined ? {} : { body }) })

test('without a token there is no admin API, for no method and with no key', async () => {
  await using closed = await openApi({ adminToken: null })
  for (const [method, path] of [
    ['GET', '/v1/admin/partners'],
    ['POST', '/v1/admin/partners'],
    ['PUT', '/v1/admin/partners'],
    ['GET', '/v1/admin'],
    ['GET', '/v1/admin/x'],
  ] as const)
    for (const key of [ADMIN_TOKEN, closed.partner.key, '', null])
      expect((await closed.call(method, path, { key })).json.type, `${method} ${path}`).toBe('/docs/problems#not_found')
})

test.each(['', 'x', ADMIN_TOKEN.slice(1), `${ADMIN_TOKEN}x`])('the token %j is not the token', async key => {
  const { status, headers } = await api.call('GET', '/v1/admin/partners', { key })
  expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
})

describe('partners', () => {
  test('are created with a key that works and a signing secret, both shown once', async () => {
    const { status, headers, json } = await admin('POST', '/partners', { name: ' 商户 & <b>Co</b> ' })
    expect(status).toBe(201)
    expect(json).toEqual({
      partnerId: expect.stringMatching(/^partner_/),
      name: '商户 & <b>Co</b>',
      apiKey: expect.stringMatching(/^ifn_/),
      signingSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
    expect((await api.call('GET', '/v1/registrations', { key: json.apiKey })).status).toBe(200)
    const shown = await admin('GET', (headers.get('location') ?? '').replace('/v1/admin', ''))
    expect(shown.json).toEqual({
      id: json.partnerId,
      name: json.name,
      disabled: false,
      createdAt: '2026-11-24T16:20:00.000Z',
    })
    expect(api.logged.join('')).not.toContain(json.apiKey)
  })

  test.each([
    {},
    { name: '' },
    { name: ' ' },
    { name: 'x'.repeat(101) },
    { name: 'a\u0000b' },
    { name: 'a\nb' },
    { name: 7 },
  ])('are not created as %j', async body => {
    const { status, json } = await admin('POST', '/partners', body)
    expect(status).toBe(422)
    expect(json.errors).toContainEqual({ path: 'name', message: expect.stringContaining('must') })
  })

  test('are listed page by page', async () => {
    const first = (await admin('GET', '/partners?limit=1')).json
    const second = (await admin('GET', `/partners?limit=1&cursor=${first.nextCursor}`)).json
    expect([first, second].map(page => page.data[0].id)).toEqual([api.partner.id, api.other.id])
    expect(second.nextCursor).toBeNull()
  })

  test('are disabled and enabled', async () => {
    const disabled = await admin('PATCH', `/partners/${api.partner.id}`, { disabled: true })
    expect([disabled.status, disabled.json.disabled]).toEqual([200, true])
    expect((await api.call('GET', '/v1/registrations')).status).toBe(401)
    expect((await admin('PATCH', `/partners/${api.partner.id}`, { disabled: false })).json.disabled).toBe(false)
  })

  test.each([{}, { disabled: 'true' }, { disabled: null }])('are not changed by %j', async body => {
    const { status, json } = await admin('PATCH', `/partners/${api.partner.id}`, body)
    expect([status, json.errors[0].path]).toEqual([422, 'disabled'])
  })

  test('have more keys than one, each of which can be revoked', async () => {
    const { status, json } = await admin('POST', `/partners/${api.partner.id}/keys`)
    expect(status).toBe(201)
    expect(json).toEqual({ id: expect.stringMatching(/^key_/), partnerId: api.partner.id, apiKey: expect.any(String) })
    expect((await api.call('GET', '/v1/registrations', { key: json.apiKey })).status).toBe(200)

    for (const _ of [1, 2]) expect((await admin('DELETE', `/keys/${api.partner.keyId}`)).status).toBe(204)
    expect((await admin('GET', `/partners/${api.partner.id}/keys`)).json).toEqual({
      data: [
        { id: api.partner.keyId, createdAt: '2026-11-24T16:20:00.000Z', lastUsedAt: null, revoked: true },
        { id: json.id, createdAt: '2026-11-24T16:20:00.000Z', lastUsedAt: null, revoked: false },
      ],
      nextCursor: null,
    })
    expect((await api.call('GET', '/v1/registrations')).status).toBe(401)
  })
})

describe('accounts', () => {
  const shown = () => ({ id: api.account.id, account: 'C12345678', mode: 'dynamic', rate: 5 })

  test('are listed without their key', async () => {
    const { json } = await admin('GET', '/accounts')
    const running = { paused: false, reason: null, code: null, since: null }
    expect(json).toEqual({ data: [{ ...shown(), ...running }], nextCursor: null })
  })

  test('tell the upstream code that paused them', async () => {
    await api.register()
    const change = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: api.clock.now + 1 }
    await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
    expect((await admin('GET', '/accounts')).json.data[0]).toMatchObject({
      paused: true,
      reason: 'credentials_wrong',
      code: 405,
      since: '2026-11-24T16:20:00.000Z',
    })
  })

  test.each(['id', 'apiId'] as const)('are paused and resumed by %s', async name => {
    const path = `/accounts/${api.account[name]}`
    const paused = await admin('POST', `${path}/pause`)
    expect(paused.status).toBe(200)
    expect(paused.json).toEqual({ ...shown(), paused: true, reason: 'operator', code: null, since: expect.any(String) })
    expect((await admin('POST', `${path}/resume`)).json).toMatchObject({ paused: false, reason: null, since: null })
  })
})

test('the admin token does not open what is a partner’s', async () => {
  const body = { idcardid: '1', callbackUrl: HOOK }
  expect((await api.call('POST', '/v1/registrations', { key: ADMIN_TOKEN, body })).status).toBe(401)
})
