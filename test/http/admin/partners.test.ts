import { describe, expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

describe('partners', () => {
  test('are created with a key that works and a signing secret, both shown once', async () => {
    const { status, headers, json } = await api.admin('POST', '/partners', { name: ' 商户 & <b>Co</b> ' })
    expect(status).toBe(201)
    expect(json).toEqual({
      partnerId: expect.stringMatching(/^partner_/),
      name: '商户 & <b>Co</b>',
      apiKey: expect.stringMatching(/^ifn_/),
      signingSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
    expect((await api.call('GET', '/v1/registrations', { key: json.apiKey })).status).toBe(200)
    const shown = await api.admin('GET', (headers.get('location') ?? '').replace('/v1/admin', ''))
    expect(shown.json).toEqual({
      id: json.partnerId,
      name: json.name,
      disabled: false,
      payload: 'full',
      quotas: { pending: null, hosts: null, daily: null },
      createdAt: '2026-11-24T16:20:00.000Z',
      contact: null,
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
    { name: 'a\u202eb' },
    { name: 7 },
  ])('are not created as %j', async body => {
    const { status, json } = await api.admin('POST', '/partners', body)
    expect(status).toBe(422)
    expect(json.errors).toEqual([{ path: 'name', message: expect.any(String) }])
  })

  test('are neither created nor renamed with the name of another', async () => {
    for (const [method, path] of [
      ['POST', '/partners'],
      ['PATCH', `/partners/${api.other.id}`],
    ] as const) {
      const { status, json } = await api.admin(method, path, { name: 'one' })
      expect({ status, errors: json.errors }).toEqual({
        ...{ status: 409, errors: [{ path: 'name', message: expect.stringContaining(api.partner.id) }] },
      })
    }
    const { json } = await api.admin('GET', '/audit')
    expect(json.data.map(({ act, outcome }: { act: string; outcome: string }) => [act, outcome])).toEqual([
      ['partner.change', 'refused'],
      ['partner.create', 'refused'],
    ])
  })

  test('are listed page by page', async () => {
    const first = (await api.admin('GET', '/partners?limit=1')).json
    const second = (await api.admin('GET', `/partners?limit=1&cursor=${first.nextCursor}`)).json
    expect([first, second].map(page => page.data[0].id)).toEqual([api.partner.id, api.other.id])
    expect(second.nextCursor).toBeNull()
  })

  test.each([
    [{ disabled: 'true' }, 'disabled'],
    [{ name: '' }, 'name'],
    [{ payload: 'none' }, 'payload'],
    [{ quotas: { pending: -1 } }, 'quotas.pending'],
    [{ quotas: { hosts: 1.5 } }, 'quotas.hosts'],
    [{ quotas: { daily: '7' } }, 'quotas.daily'],
    [{ quotas: { weekly: 7 } }, 'quotas.weekly'],
    [{ id: 'partner_1' }, 'id'],
  ])('are not changed by %j', async (body, path) => {
    const before = (await api.admin('GET', `/partners/${api.partner.id}`)).json
    const { status, json } = await api.admin('PATCH', `/partners/${api.partner.id}`, body)
    expect([status, json.errors[0].path]).toEqual([422, path])
    expect((await api.admin('GET', `/partners/${api.partner.id}`)).json).toEqual(before)
  })

  test('keep the fields that a change does not have', async () => {
    const change = (body: unknown) => api.admin('PATCH', `/partners/${api.partner.id}`, body)
    await change({ quotas: { pending: 7, hosts: 2 }, payload: 'thin' })
    const { status, json } = await change({ quotas: { hosts: null } })
    expect(status).toBe(200)
    expect(json).toMatchObject({ name: 'one', payload: 'thin', quotas: { pending: 7, hosts: null, daily: null } })
    expect((await change({})).json).toEqual(json)
    expect((await change({ disabled: null, quotas: null })).json).toEqual(json)
    expect((await change({ name: 'new' })).json).toEqual({ ...json, name: 'new' })
    const other = await api.admin('GET', `/partners/${api.other.id}`)
    expect(other.json).toMatchObject({ name: 'other', payload: 'full', quotas: { pending: null } })
  })
})
