import { describe, expect, test } from 'vitest'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const path = () => `/partners/${api.partner.id}/signing-secrets`
const ids = async () => (await api.admin('GET', path())).json.data.map(({ id }: Json) => id)
const acts = async () => (await api.admin('GET', '/audit')).json.data

describe('signing secrets of a partner', () => {
  test('are rotated by operators, with a reason, and the new one is shown once', async () => {
    const reason = 'found in a public repository'
    const { status, json } = await api.admin('POST', `${path()}/rotate`, { overlap: '0s', reason })
    expect(status).toBe(201)
    const secret = expect.stringMatching(/^whsec_/)
    expect(json).toMatchObject({ id: expect.stringMatching(/^secret_/), type: 'v1', secret })
    const listed = await api.admin('GET', path())
    expect(listed.json).toEqual((await api.call('GET', '/v1/signing-secrets')).json)
    expect(JSON.stringify(listed.json)).not.toContain('whsec_')
    expect(await ids()).toEqual([json.id])
    const after = { partnerId: api.partner.id, type: 'v1', overlapSeconds: 0 }
    expect(await acts()).toMatchObject([
      {
        ...{ act: 'secret.rotate', object: json.id, reason, outcome: 'done' },
        changes: Object.fromEntries(Object.entries(after).map(([name, value]) => [name, { after: value }])),
      },
    ])
    expect(JSON.stringify(await acts())).not.toContain('whsec_')
  })

  test('are ended by operators, but for the newest and for those of another partner', async () => {
    const { json } = await api.admin('POST', `${path()}/rotate`)
    const [newest, old] = await ids()
    expect(newest).toBe(json.id)
    const end = async (id: string, partner: string) =>
      (await api.admin('DELETE', `/signing-secrets/${id}?partner=${partner}&reason=leaked`)).status
    expect(await end(old, api.other.id)).toBe(404)
    expect(await end(newest, api.partner.id)).toBe(409)
    expect(await end(old, api.partner.id)).toBe(204)
    expect(await ids()).toEqual([newest])
    expect((await acts())[0].changes).toEqual({ partnerId: { before: api.partner.id }, type: { before: 'v1' } })
    const outcomes = (await acts()).map(({ act, object, outcome }: Json) => [act, object, outcome])
    expect(outcomes.slice(0, 3)).toEqual([
      ['secret.end', old, 'done'],
      ['secret.end', newest, 'refused'],
      ['secret.end', old, 'refused'],
    ])
  })

  test('are four at most, and an unknown partner has none', async () => {
    for (let n = 0; n < 3; n++) expect((await api.admin('POST', `${path()}/rotate`)).status).toBe(201)
    expect((await api.admin('POST', `${path()}/rotate`)).status).toBe(409)
    expect((await acts())[0]).toMatchObject({ act: 'secret.rotate', outcome: 'refused' })
    for (const [method, rest] of [
      ['GET', ''],
      ['POST', '/rotate'],
    ] as const)
      expect((await api.admin(method, `/partners/partner_nobody/signing-secrets${rest}`)).status).toBe(404)
  })
})
