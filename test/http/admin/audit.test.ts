import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAdminToken } from '../../../src/core/api-key.ts'
import { AppError } from '../../../src/core/error.ts'
import type { Role } from '../../../src/core/role.ts'
import { ADMIN_TOKEN, type Json, openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const admin = (method: string, path: string, body?: unknown) =>
  api.call(method, `/v1/admin${path}`, { key: ADMIN_TOKEN, ...(body === undefined ? {} : { body }) })
const audit = async (query = '') => (await admin('GET', `/audit${query}`)).json
const acts = async (query = ''): Promise<Json[]> => (await audit(query)).data
const addToken = async (role: Role) => {
  const { id, hash, text } = createAdminToken('token_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes)
  await api.store.createAdminToken({ id, hash, name: '值班', role, expiresAt: null })
  return { id, text }
}

describe('the audit', () => {
  test('says who did what to what, when, and why', async () => {
    await admin('POST', `/accounts/${api.account.apiId}/pause`, { reason: 'the vendor asked for it' })
    expect(await audit()).toEqual({
      data: [
        {
          at: '2026-11-24T16:20:00.000Z',
          who: 'ADMIN_TOKEN',
          name: 'ADMIN_TOKEN',
          act: 'account.pause',
          object: api.account.apiId,
          reason: 'the vendor asked for it',
          outcome: 'done',
        },
      ],
      nextCursor: null,
    })
  })

  test.each<[string, string, string, unknown]>([
    ['account.resume', 'POST', '/accounts/C12345678/resume', undefined],
    ['account.create', 'POST', '/accounts', { account: 'C2', apiKey: 'x', reason: 'why' }],
    ['partner.create', 'POST', '/partners', { name: 'x', reason: 'why' }],
    ['partner.change', 'PATCH', '/partners/:partner', { disabled: true, reason: 'why' }],
    ['key.create', 'POST', '/partners/:partner/keys', { reason: 'why' }],
    ['key.revoke', 'DELETE', '/keys/:key?reason=why', undefined],
  ])('has %s', async (act, method, path, body) => {
    const target = path.replace(':partner', api.partner.id).replace(':key', api.partner.keyId)
    expect((await admin(method, target, body)).status).toBeLessThan(300)
    const reason = path === '/accounts/C12345678/resume' ? null : 'why'
    expect(await acts()).toMatchObject([{ act, outcome: 'done', reason, object: expect.stringMatching(/^\w+$/) }])
  })

  test('names what was created', async () => {
    const { json } = await admin('POST', '/partners', { name: 'x' })
    expect(await acts()).toMatchObject([{ act: 'partner.create', object: json.partnerId }])
  })

  test('has what was refused, and what failed', async () => {
    await admin('POST', '/accounts/none/pause')
    await admin('POST', '/partners', { name: '' })
    vi.spyOn(api.store, 'pauseAccount').mockRejectedValueOnce(new AppError('unavailable', 'The database is busy.'))
    await admin('POST', `/accounts/${api.account.id}/pause`)
    const { text } = await addToken('read')
    await api.call('POST', `/v1/admin/accounts/${api.account.id}/resume`, { key: text, body: { reason: 'x' } })
    expect(await acts()).toMatchObject([
      { act: 'account.resume', object: api.account.id, name: '值班', reason: null, outcome: 'refused' },
      { act: 'account.pause', object: api.account.id, outcome: 'failed' },
      { act: 'partner.create', object: null, outcome: 'refused' },
      { act: 'account.pause', object: 'none', outcome: 'refused' },
    ])
  })

  test('has no act of what only reads, and keeps nothing that cannot be an id', async () => {
    await admin('GET', '/partners')
    await admin('POST', `/accounts/${'x'.repeat(200)}/pause`)
    await admin('POST', '/accounts/%00%20/pause')
    expect((await acts()).map(({ object }) => object)).toEqual([null, null])
  })

  test('is written before the act is acknowledged', async () => {
    vi.spyOn(api.store, 'recordAct').mockRejectedValueOnce(new AppError('unavailable', 'The database is busy.'))
    expect((await admin('POST', `/accounts/${api.account.id}/pause`)).status).toBe(503)
  })

  test('is told in the log, without the reason', async () => {
    const { id, text } = await addToken('operate')
    const from = api.logged.length
    await api.call('POST', `/v1/admin/accounts/${api.account.id}/pause`, { key: text, body: { reason: '42-secret' } })
    const lines = api.logged.slice(from).map(line => JSON.parse(line))
    expect(lines.find(({ event }) => event === 'audit.recorded')).toMatchObject({
      level: 'info',
      who: id,
      name: '值班',
      act: 'account.pause',
      object: api.account.id,
      outcome: 'done',
    })
    expect(api.logged.join('')).not.toContain('42-secret')
  })

  test('is found by who, what and since when, page by page', async () => {
    const { id, text } = await addToken('operate')
    for (const act of ['pause', 'resume', 'pause']) await admin('POST', `/accounts/${api.account.id}/${act}`)
    api.clock.now += 60_000
    await api.call('POST', `/v1/admin/accounts/${api.account.id}/resume`, { key: text })
    expect(await acts(`?who=${id}`)).toHaveLength(1)
    expect(await acts('?act=account.pause')).toHaveLength(2)
    expect(await acts('?since=2026-11-25T00:21:00%2B08:00')).toHaveLength(1)
    const { data, nextCursor } = await audit('?limit=3')
    expect(data).toHaveLength(3)
    const rest = await audit(`?limit=3&cursor=${nextCursor}`)
    expect([rest.data.length, rest.nextCursor]).toEqual([1, null])
  })

  test.each(['?who=%20', '?act=x', '?since=yesterday', '?cursor=cmVnXzE', '?limit=0', '?x=1'])(
    'refuses %s',
    async query => {
      const { status, json } = await admin('GET', `/audit${query}`)
      expect([status, json.errors.length]).toEqual([400, 1])
    },
  )

  test.each(['', 'a'.repeat(501), 'two\nlines', 5, null])('refuses the reason %j, and does nothing', async reason => {
    const { status, json } = await admin('POST', `/accounts/${api.account.id}/pause`, { reason })
    expect([status, json.errors]).toEqual([422, [{ path: 'reason', message: expect.stringMatching(/^must be/) }]])
    expect(await api.store.findAccount(api.account.id)).toMatchObject({ pausedAt: null })
  })
})
