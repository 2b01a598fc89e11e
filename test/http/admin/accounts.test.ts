import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../../src/core/test-serial.ts'
import { HOOK, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const add = (more: Record<string, unknown> = {}) =>
  api.admin('POST', '/accounts', { account: 'C87654321', apiKey: 'upstream-marker-7', ...more })
const post = (body: Record<string, unknown>, key = api.partner.key) =>
  api.call('POST', '/v1/registrations', { key, body: { idcardid: '1', callbackUrl: HOOK, ...body } })

describe('accounts', () => {
  const shown = () => ({
    id: api.account.id,
    account: 'C12345678',
    mode: 'dynamic',
    rate: 5,
    partnerId: null,
    tried: false,
  })

  test('are listed without their API key', async () => {
    const { json } = await api.admin('GET', '/accounts')
    const running = { paused: false, reason: null, code: null, since: null, reachable: true, error: null }
    expect(json).toEqual({ data: [{ ...shown(), ...running }], nextCursor: null })
  })

  test('show the upstream code that paused them', async () => {
    await api.register()
    const change = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: api.clock.now + 1 }
    await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
    expect((await api.admin('GET', '/accounts')).json.data[0]).toMatchObject({
      paused: true,
      reason: 'credentials_wrong',
      code: 405,
      since: '2026-11-24T16:20:00.000Z',
    })
  })

  test('removed, lost what named them within a second of that, which was answered with 201', async () => {
    await add()
    await post({ account: 'C87654321' })
    await api.succeed()
    expect((await api.admin('DELETE', '/accounts/C87654321?reason=placeholder')).status).toBe(204)
    expect((await api.admin('DELETE', '/accounts/C87654321')).status).toBe(404)
    expect((await api.admin('POST', '/accounts/C87654321/pause')).status).toBe(404)
    expect((await api.admin('GET', '/accounts')).json.data).toHaveLength(1)
    const late = await post({ account: 'C87654321', idcardid: '2' })
    expect(late.status).toBe(201)
    api.clock.now += SECOND / 2
    await api.succeed()
    expect((await api.call('GET', `/v1/registrations/${late.json.id}`)).json.status).toBe('succeeded')
    api.clock.now += SECOND
    expect((await post({ account: 'C87654321', idcardid: '3' })).status).toBe(422)
  })

  test('of test serials, were paused, resumed and removed by operators, and then nobody saw it', async () => {
    const ofTests = { id: TEST_ACCOUNT_ID, apiId: 'test-serials', apiKey: new Secret('none') } as const
    await api.store.createAccount({ ...ofTests, passwordMode: 'static', rate: null, partnerId: null })
    for (const name of [TEST_ACCOUNT_ID, 'test-serials']) {
      expect((await api.admin('POST', `/accounts/${name}/pause`)).status).toBe(404)
      expect((await api.admin('POST', `/accounts/${name}/resume`)).status).toBe(404)
      expect((await api.admin('DELETE', `/accounts/${name}`)).status).toBe(404)
    }
  })

  test.each(['id', 'apiId'] as const)('are paused and resumed by %s', async name => {
    const path = `/accounts/${api.account[name]}`
    const paused = await api.admin('POST', `${path}/pause`)
    expect(paused.status).toBe(200)
    const reached = { reachable: true, error: null }
    expect(paused.json).toEqual({
      ...shown(),
      ...reached,
      paused: true,
      reason: 'operator',
      code: null,
      since: expect.any(String),
    })
    expect((await api.admin('POST', `${path}/resume`)).json).toMatchObject({
      paused: false,
      reason: null,
      since: null,
      reachable: true,
      error: null,
    })
  })
})

test('an account gets another key, which nobody sees, and is tried with it at once', async () => {
  await api.register()
  const change = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: api.clock.now + 1e6 }
  await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
  const path = `/accounts/${api.account.apiId}`
  const changed = await api.admin('PATCH', path, { apiKey: 'upstream-marker-7', mode: 'static', reason: 'a typo' })
  expect([changed.status, changed.json]).toEqual([200, (await api.admin('GET', path)).json])
  expect(changed.json).toMatchObject({ id: api.account.id, mode: 'static', paused: true })
  const [{ nextTryAt }] = (await api.admin('GET', '/overview')).json.accounts
  expect(Date.parse(nextTryAt)).toBe(api.clock.now)
  const audit = await api.admin('GET', '/audit?act=account.change')
  expect(audit.json.data[0]).toMatchObject({
    object: api.account.id,
    reason: 'a typo',
    changes: { mode: { before: 'dynamic', after: 'static' }, apiKey: { after: 'another' } },
  })
  for (const said of [changed.text, audit.text, api.logged.join('')]) expect(said).not.toContain('upstream-marker-7')
  const refused = await api.admin('PATCH', path, { apiKey: 'a b', rate: 3 })
  expect([refused.status, refused.json.errors.length]).toEqual([422, 2])
  expect((await api.admin('PATCH', '/accounts/nobody', { mode: 'static' })).status).toBe(404)
  expect((await api.admin('GET', '/accounts/nobody')).status).toBe(404)
})

test('an account that GetResult refuses was called resumed before a call had succeeded', async () => {
  await api.register()
  const change = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: api.clock.now + 1e6 }
  await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
  const path = `/accounts/${api.account.apiId}`
  const refused = (await api.admin('GET', path)).json
  expect(refused).toMatchObject({ paused: true, tried: false })
  api.clock.now += SECOND
  expect((await api.admin('POST', `${path}/resume`)).json).toEqual({ ...refused, tried: true })
  expect((await api.admin('GET', '/overview')).json.problems).toMatchObject([
    { code: 'account_paused', since: refused.since },
  ])
  expect((await api.admin('GET', '/audit?act=account.resume')).json.data[0]).toMatchObject({
    outcome: 'done',
    changes: null,
  })
  await api.answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, change)
  expect((await api.admin('GET', path)).json).toEqual(refused)
  await api.admin('POST', `${path}/resume`)
  await api.answerWith({ kind: 'not_found', code: 4061 }, { kind: 'resume', rampRate: 1, rampAt: api.clock.now })
  expect((await api.admin('GET', path)).json).toMatchObject({ paused: false, tried: false, since: null })
})

describe('a new account', () => {
  test('is never shown with its API key', async () => {
    const { status, headers, json, text } = await add({ mode: 'static', rate: 2.5 })
    expect([status, headers.get('location')]).toEqual([201, `/v1/admin/accounts/${json.id}`])
    expect(json).toEqual({
      id: expect.stringMatching(/^acc_/),
      account: 'C87654321',
      mode: 'static',
      rate: 2.5,
      partnerId: null,
      paused: false,
      tried: false,
      reason: null,
      code: null,
      since: null,
      reachable: true,
      error: null,
    })
    const list = await api.admin('GET', '/accounts')
    expect(list.json.data).toContainEqual(json)
    for (const said of [text, list.text, api.logged.join('')]) expect(said).not.toContain('upstream-marker-7')
  })

  test('is refused if its APIID exists already', async () => {
    expect((await add()).status).toBe(201)
    const again = await add({ apiKey: 'another', partnerId: api.other.id })
    expect([again.status, again.json.type]).toEqual([409, '/docs/problems#conflict'])
    expect((await add({ account: api.account.apiId })).status).toBe(409)
    expect((await api.admin('GET', '/accounts')).json.data).toHaveLength(2)
  })

  test.each([
    [{ account: '' }, 'account'],
    [{ account: 'C\u0000' }, 'account'],
    [{ apiKey: 'a\nb' }, 'apiKey'],
    [{ rate: 0 }, 'rate'],
    [{ rate: 1e6 }, 'rate'],
    [{ partnerId: 'partner_nobody' }, 'partnerId'],
    [{ isDefault: true }, 'isDefault'],
  ])('is refused with %j', async (more, path) => {
    const { status, json, text } = await add(more)
    expect([status, json.errors]).toEqual([422, [{ path, message: expect.stringMatching(/must|is unknown/) }]])
    expect(text).not.toContain('upstream-marker-7')
    expect((await api.admin('GET', '/accounts')).json.data).toHaveLength(1)
  })
})

describe('an account that is bound to a partner', () => {
  test('does not exist for other partners, by its id or by its APIID', async () => {
    const { json: bound } = await add({ partnerId: api.other.id })
    const unknown = await post({ account: 'nobody' })
    expect(unknown.status).toBe(422)
    for (const account of [bound.id, bound.account]) {
      const answer = await post({ account })
      expect([answer.status, answer.text]).toEqual([422, unknown.text])
    }
    expect((await api.call('GET', '/v1/registrations')).json.data).toEqual([])
  })
})
