import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, HOOK, type Json, openApiForEach } from '../http/support/api.ts'

const api = openApiForEach()

const REGISTRATION = { idcardid: '16236437872836', callbackUrl: HOOK }
/** Every call that takes a body, with one that it takes. */
const TAKERS = (): [method: string, path: string, body: Record<string, unknown>][] => [
  ['POST', '/v1/registrations', REGISTRATION],
  ['POST', '/v1/registrations/batch', { registrations: [REGISTRATION] }],
  ['POST', '/v1/resend', { since: '2026-11-01T00:00:00Z', delivery: 'exhausted' }],
  ['POST', '/v1/callbacks/test', { callbackUrl: HOOK }],
  ['POST', '/v1/signing-secrets/rotate', { overlap: '1h' }],
  ['POST', '/v1/admin/partners', { name: 'new' }],
  ['PATCH', `/v1/admin/partners/${api.partner.id}`, { name: 'new' }],
  ['POST', `/v1/admin/partners/${api.partner.id}/keys`, { expiresAt: null }],
  ['POST', '/v1/admin/accounts', { account: 'C1', apiKey: 'key' }],
]
const NAMES = [
  ...['registration', 'batch', 'bulk resend', 'callback test', 'rotation'],
  ...['new partner', 'change of a partner', 'new key', 'new account'],
]
const keyFor = (path: string) => (path.startsWith('/v1/admin') ? ADMIN_TOKEN : api.partner.key)
const takerAt = (index: number) => {
  const [method, path, body] = TAKERS()[index] ?? ['', '', {}]
  const send = (raw: string) => api.call(method, path, { raw, key: keyFor(path) })
  return { body, send }
}
const EACH = NAMES.map((name, index) => [name, index] as const)
const registrations = async () => (await api.call('GET', '/v1/registrations')).json.data

const isClean = () => {
  const probe: Json = {}
  for (const name of ['polluted', 'account', 'disabled', 'toJSON', 'status', 'isAdmin'])
    if (probe[name] !== undefined) return false
  return Object.keys(Object.prototype).length === 0 && String(probe) === '[object Object]'
}

/** Of a schema with objects inside, with an array, and of the operator's. */
const SOME = EACH.filter(([name]) => ['registration', 'batch', 'change of a partner'].includes(name))

describe.each(SOME)('M8: the body of a %s', (_, index) => {
  test.each<[string, string]>([
    ['100,000 arrays deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['20,000 objects deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['a number beyond all numbers', '1e999999'],
    ['a lone surrogate', '"\\ud800"'],
    ['a NUL', '"\\u0000"'],
    ['a raw control character', '"\u0001"'],
    ['two values', '{}{}'],
  ])('that is %s is refused', async (_name, raw) => {
    const { send } = takerAt(index)
    const { status } = await send(raw)
    expect([400, 413, 422]).toContain(status)
  })

  test('is never a fault of ours, whatever is in it, and pollutes nothing', async () => {
    const { body, send } = takerAt(index)
    const names = [...Object.keys(body), '__proto__', 'constructor', 'toString', 'length', 'registrations', 'metadata']
    const value = fc.anything({
      withNullPrototype: false,
      maxDepth: 3,
      key: fc.oneof(fc.constantFrom(...names), fc.string()),
      values: [fc.string({ unit: 'binary' }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)],
    })
    const mutated = fc
      .record({ name: fc.constantFrom(...names), value })
      .map(one => ({ ...body, [one.name]: one.value }))
    await fc.assert(
      fc.asyncProperty(fc.oneof(value, mutated), async candidate => {
        const { status } = await send(JSON.stringify(candidate) ?? 'null')
        expect(status).toBeLessThan(500)
        expect(isClean()).toBe(true)
      }),
      { numRuns: 50, seed: 7 },
    )
  })
})

test.each(EACH)('M9: the body of a %s cannot set what is not the caller’s to set', async (_, index) => {
  const { body, send } = takerAt(index)
  const forbidden: Record<string, unknown> = {
    id: 'reg_01JABCDEFGHJKMNPQRSTVWXYZ0',
    status: 'succeeded',
    partner_id: 'partner_1',
    attempts: 0,
    claims: 1,
    accountId: 'acc_1',
    createdAt: 1,
    isDefault: true,
    revokedAt: null,
    role: 'admin',
  }
  for (const [name, value] of Object.entries(forbidden)) {
    const { status, json } = await send(JSON.stringify({ ...body, [name]: value }))
    expect([name, status, json.errors]).toEqual([name, 422, [{ path: name, message: expect.any(String) }]])
  }
  expect(await registrations()).toEqual([])
})

describe('M8: a batch', () => {
  const send = (raw: string) => api.call('POST', '/v1/registrations/batch', { raw })
  const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const inBatch = (item: string) => `{"registrations":[${item},{"idcardid":"good","callbackUrl":"${HOOK}"}]}`

  test.each<[string, string]>([
    ['an item', DEEP],
    ['metadata', `{"idcardid":"1","callbackUrl":"${HOOK}","metadata":{"a":${DEEP}}}`],
    [
      'metadata that is one long string',
      `{"idcardid":"1","callbackUrl":"${HOOK}","metadata":{"a":"${'x'.repeat(900_000)}"}}`,
    ],
    ['a serial of 900,000 characters', `{"idcardid":"${'x'.repeat(900_000)}","callbackUrl":"${HOOK}"}`],
  ])('with %s that is 100,000 deep harms only that item', async (_, item) => {
    const { status, json, text } = await send(inBatch(item))
    expect([status, json.results.map((one: Json) => one.status)]).toEqual([200, [422, 201]])
    expect(text.length).toBeLessThan(5_000)
  })
})

describe('M12: a serial', () => {
  const post = (idcardid: string) => api.call('POST', '/v1/registrations', { body: { idcardid, callbackUrl: HOOK } })
  const listed = async (idcardid: string) => {
    const { status, json } = await api.call('GET', `/v1/registrations?idcardid=${encodeURIComponent(idcardid)}`)
    return status === 200 ? json.data.map((one: Json) => one.idcardid) : status
  }

  test('is its exact characters, and found by exactly those', async () => {
    const serials = ['a_b', 'axb', 'A_B', 'a-b', '007', '7', '07', '_', 'x', 'X', '12345678901234567890']
    for (const serial of serials) expect((await post(serial)).status).toBe(201)
    for (const serial of serials) expect(await listed(serial)).toEqual([serial])
    expect(await listed('12345678901234567891')).toEqual([])
    expect(await listed('aab')).toEqual([])
  })
})
