import { describe, expect, test, vi } from 'vitest'
import { AppError } from '../../../src/core/error.ts'
import type { Store } from '../../../src/store/store.ts'
import { both } from '../../support/words.ts'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const audit = async (query = '') => (await api.admin('GET', `/audit${query}`)).json
const acts = async (query = ''): Promise<Json[]> => (await audit(query)).data

describe('the audit', () => {
  test('says who did what to what, when, and why', async () => {
    await api.admin('POST', `/accounts/${api.account.apiId}/pause`, { reason: 'the vendor asked for it' })
    expect(await audit()).toEqual({
      data: [
        {
          at: '2026-11-24T16:20:00.000Z',
          who: 'ADMIN_TOKEN',
          name: 'ADMIN_TOKEN',
          act: 'account.pause',
          object: api.account.id,
          reason: 'the vendor asked for it',
          changes: { paused: { before: false, after: true } },
          outcome: 'done',
        },
      ],
      nextCursor: null,
    })
  })

  test('keeps no key or secret that was typed in the place of an id, and neither does the log', async () => {
    const typed = [api.partner.key, `ifnadmin_${'A'.repeat(40)}`, 'whsec_c2VjcmV0', 'whsk_c2VjcmV0']
    for (const one of typed) expect((await api.admin('DELETE', `/keys/${one}`)).status).toBe(404)
    expect((await acts()).map(({ object, outcome }) => [object, outcome])).toEqual(typed.map(() => [null, 'refused']))
    expect(typed.filter(one => api.logged.join().includes(one))).toEqual([])
  })

  test('did not say what was changed, or from what to what', async () => {
    const { partner, account } = api
    const partnerPath = `/partners/${partner.id}`
    const before = (await api.admin('GET', partnerPath)).json
    await api.admin('PATCH', partnerPath, { name: 'Acme 2', disabled: false, quotas: { daily: 7 } })
    await api.admin('PATCH', partnerPath, { name: 'Acme 2' })
    const { id } = (await api.admin('POST', '/accounts', { account: 'C2', apiKey: 'key-secret', rate: 3 })).json
    await api.admin('DELETE', `/accounts/${id}`)
    await api.admin('POST', `/accounts/${account.id}/resume`)
    await api.admin('POST', '/callbacks/enable', {
      partnerId: partner.id,
      callbackUrl: 'https://a.example/x?token=secret',
    })
    const key = (await api.admin('POST', `/partners/${partner.id}/keys`)).json
    await api.admin('DELETE', `/keys/${key.id}`)
    await api.admin('POST', '/partners', { name: 'B' })
    const all = (await acts()).toReversed()
    expect(all.map(({ act, changes }) => [act, changes])).toEqual([
      [
        'partner.change',
        { name: { before: before.name, after: 'Acme 2' }, 'quotas.daily': { before: before.quotas.daily, after: 7 } },
      ],
      ['partner.change', null],
      ['account.create', { account: { after: 'C2' }, mode: { after: 'dynamic' }, rate: { after: 3 } }],
      ['account.remove', expect.objectContaining({ account: { before: 'C2' }, rate: { before: 3 } })],
      ['account.resume', null],
      ['callback.enable', { host: { after: 'a.example' }, disabled: { after: false } }],
      ['key.create', { partnerId: { after: partner.id } }],
      ['key.revoke', null],
      ['partner.create', { name: { after: 'B' } }],
    ])
    expect(JSON.stringify(all)).not.toContain('secret')
  })

  test('calls the same act on a partner by one name, as commands do', async () => {
    const path = `/partners/${api.partner.id}`
    for (const body of [{ disabled: true, name: 'A' }, { disabled: true }, { disabled: false }, { disabled: 1 }])
      await api.admin('PATCH', path, body)
    expect((await acts()).map(({ act, outcome }) => [act, outcome])).toEqual([
      ['partner.change', 'refused'],
      ['partner.enable', 'done'],
      ['partner.change', 'done'],
      ['partner.disable', 'done'],
    ])
    expect(await acts('?act=partner.disable')).toMatchObject([
      { changes: { name: { after: 'A' }, disabled: { before: false, after: true } } },
    ])
  })

  test('has what was refused, and what failed', async () => {
    await api.admin('POST', '/accounts/none/pause')
    await api.admin('POST', '/partners', { name: '' })
    vi.spyOn(api.store, 'pauseAccount').mockRejectedValueOnce(
      new AppError('unavailable', both('The database is busy.')),
    )
    await api.admin('POST', `/accounts/${api.account.id}/pause`)
    const { text } = await api.addToken('read')
    await api.admin('POST', `/accounts/${api.account.id}/resume`, { reason: 'x' }, text)
    expect(await acts()).toMatchObject([
      { act: 'account.resume', object: api.account.id, name: '值班', reason: null, outcome: 'refused' },
      { act: 'account.pause', object: api.account.id, outcome: 'failed' },
      { act: 'partner.create', object: null, outcome: 'refused' },
      { act: 'account.pause', object: 'none', outcome: 'refused' },
    ])
  })

  test('had no trace of what was done where the service ended before it wrote one', async () => {
    vi.spyOn(api.store, 'endAct').mockRejectedValueOnce(new AppError('unavailable', both('The database is busy.')))
    expect((await api.admin('POST', `/accounts/${api.account.id}/pause`, { reason: 'why' })).status).toBe(503)
    expect(await api.store.findAccount(api.account.id)).toMatchObject({ pauseReason: 'operator' })
    expect(await acts()).toMatchObject([
      { act: 'account.pause', object: api.account.id, reason: 'why', outcome: 'begun' },
    ])
  })

  test('could be filled by a token that is refused again and again', async () => {
    const [reader, operator] = [await api.addToken('read'), await api.addToken('operate')]
    const refuse = async ({ text }: { text: string }, times: number) => {
      for (let n = 0; n < times; n++)
        expect((await api.admin('POST', '/partners', { name: 'x' }, text)).status).toBe(403)
    }
    const refused = async ({ id }: { id: string }) => (await acts(`?who=${id}&limit=250`)).length
    await refuse(reader, 60)
    expect(await refused(reader)).toBe(20)
    await refuse(operator, 2)
    expect(await refused(operator)).toBe(2)
    api.clock.now += 3 * 60_000
    await refuse(reader, 60)
    expect(await refused(reader)).toBe(23)
  })

  test('is told in the log, without the reason', async () => {
    const { id, text } = await api.addToken('operate')
    const from = api.logged.length
    await api.admin('POST', `/accounts/${api.account.id}/pause`, { reason: '42-secret' }, text)
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

  test('is found by who, what, to what and since when, page by page', async () => {
    const { id, text } = await api.addToken('operate')
    for (const act of ['pause', 'resume', 'pause']) await api.admin('POST', `/accounts/${api.account.id}/${act}`)
    api.clock.now += 60_000
    await api.admin('POST', `/accounts/${api.account.id}/resume`, undefined, text)
    expect(await acts(`?who=${id}`)).toHaveLength(1)
    expect(await acts('?act=account.pause')).toHaveLength(2)
    expect(await acts(`?object=${api.account.id}`)).toHaveLength(4)
    expect(await acts('?object=acc_1')).toEqual([])
    expect(await acts('?since=2026-11-25T00:21:00%2B08:00')).toHaveLength(1)
    const { data, nextCursor } = await audit('?limit=3')
    expect(data).toHaveLength(3)
    const rest = await audit(`?limit=3&cursor=${nextCursor}`)
    expect([rest.data.length, rest.nextCursor]).toEqual([1, null])
  })

  test.each(['?who=%20', '?act=x', '?object=%20', '?since=yesterday', '?x=1'])('refuses %s', async query => {
    const { status, json } = await api.admin('GET', `/audit${query}`)
    expect([status, json.errors.length]).toEqual([400, 1])
  })

  test.each(['', 'a'.repeat(501), 'two\nlines'])('refuses the reason %j, and does nothing', async reason => {
    const { status, json } = await api.admin('POST', `/accounts/${api.account.id}/pause`, { reason })
    expect([status, json.errors]).toEqual([422, [{ path: 'reason', message: expect.stringMatching(/^must be/) }]])
    expect(await api.store.findAccount(api.account.id)).toMatchObject({ pausedAt: null })
  })
})

describe('what the audit cannot take', () => {
  const BULK = { act: 'resend', filter: { status: 'succeeded' }, reason: 'why' }
  /** An act that creates, one that changes, one that starts; and the verb that must not be called. */
  const CALLS: Record<string, { verb: keyof Store; body?: () => unknown; id?: () => Promise<string> }> = {
    'POST /v1/admin/accounts': { verb: 'createAccount', body: () => ({ account: 'C2', apiKey: 'x' }) },
    'PATCH /v1/admin/partners/:id': {
      verb: 'changePartner',
      id: async () => api.partner.id,
      body: () => ({ name: 'x' }),
    },
    'POST /v1/admin/bulk/:id/start': {
      verb: 'startBulkAct',
      id: async () => (await api.admin('POST', '/bulk', BULK)).json.id,
    },
  }

  test.each(Object.entries(CALLS))('is not done: %s', async (route, { verb, body, id }) => {
    const [method = '', path = ''] = route.replace('/v1/admin', '').split(' ')
    const target = id ? path.replace(':id', await id()) : path
    const spy = vi.spyOn(api.store, verb as 'resend')
    vi.spyOn(api.store, 'recordAct').mockRejectedValueOnce(new AppError('unavailable', both('The database is busy.')))
    expect((await api.admin(method, target, body?.())).status).toBe(503)
    expect(spy).not.toHaveBeenCalled()
    expect((await acts())[0]).toMatchObject({ outcome: 'failed' })

    spy.mockImplementationOnce(async (...args) => {
      expect((await acts())[0]).toMatchObject({ outcome: 'begun', object: expect.any(String) })
      spy.mockRestore()
      return (api.store[verb] as (...args: unknown[]) => never)(...args)
    })
    await api.admin(method, target, body?.())
    expect((await acts())[0]?.outcome).toMatch(/^(done|refused)$/)
  })
})
