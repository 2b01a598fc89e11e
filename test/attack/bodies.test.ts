import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, HOOK, type Json, openApi } from '../http/support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

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

describe.each(EACH)('M8: the body of a %s', (_, index) => {
  test.each<[string, string]>([
    ['100,000 arrays deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['100,000 arrays deep and broken off', '['.repeat(100_000)],
    ['20,000 objects deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['an array of 30,000 numbers', `[${'1,'.repeat(30_000)}1]`],
    ['a number beyond all numbers', '1e999999'],
    ['a string of 60,000 characters', `"${'x'.repeat(60_000)}"`],
    ['a lone surrogate', '"\\ud800"'],
    ['a NUL', '"\\u0000"'],
    ['a raw control character', '"\u0001"'],
    ['NaN', 'NaN'],
    ['a comment', '{} // x'],
    ['two values', '{}{}'],
    ['a byte order mark before nothing', '\ufeff'],
    ['single quotes', "{'a':1}"],
  ])('that is %s is refused', async (_name, raw) => {
    const { send } = takerAt(index)
    const { status } = await send(raw)
    expect([400, 413, 422]).toContain(status)
  })

  test('may not set prototypes, at the top or further in', async () => {
    const { body, send } = takerAt(index)
    const inside = JSON.stringify(body).slice(1, -1)
    for (const name of ['__proto__', 'constructor', 'prototype'])
      for (const value of ['{"polluted":1,"disabled":true}', '{"prototype":{"polluted":1}}', 'null', '[]']) {
        const { status } = await send(`{${inside},"${name}":${value}}`)
        expect(status).toBe(422)
        await send(`{${inside.replace(/\{/g, `{"${name}":${value},`)}}`)
      }
    expect(isClean()).toBe(true)
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
      { numRuns: 150, seed: 7 },
    )
  })

  test('M9: cannot set what is not the caller’s to set', async () => {
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
})

describe('M8: a batch', () => {
  const send = (raw: string) => api.call('POST', '/v1/registrations/batch', { raw })
  const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const inBatch = (item: string) => `{"registrations":[${item},{"idcardid":"good","callbackUrl":"${HOOK}"}]}`

  test.each<[string, string]>([
    ['an item', DEEP],
    ['a serial', `{"idcardid":${DEEP},"callbackUrl":"${HOOK}"}`],
    ['a URL', `{"idcardid":"1","callbackUrl":${DEEP}}`],
    ['metadata', `{"idcardid":"1","callbackUrl":"${HOOK}","metadata":{"a":${DEEP}}}`],
    ['an expiry', `{"idcardid":"1","callbackUrl":"${HOOK}","expiresAt":${DEEP}}`],
    ['an unknown field', `{"idcardid":"1","callbackUrl":"${HOOK}","x":${DEEP}}`],
    ['__proto__', `{"idcardid":"1","callbackUrl":"${HOOK}","__proto__":${DEEP}}`],
    [
      'metadata that is one long string',
      `{"idcardid":"1","callbackUrl":"${HOOK}","metadata":{"a":"${'x'.repeat(900_000)}"}}`,
    ],
    ['a serial of 900,000 characters', `{"idcardid":"${'x'.repeat(900_000)}","callbackUrl":"${HOOK}"}`],
    ['a URL of 900,000 characters', `{"idcardid":"1","callbackUrl":"${HOOK}${'x'.repeat(900_000)}"}`],
  ])('with %s that is 100,000 deep harms only that item', async (_, item) => {
    const { status, json, text } = await send(inBatch(item))
    expect([status, json.results.map((one: Json) => one.status)]).toEqual([200, [422, 201]])
    expect(text.length).toBeLessThan(5_000)
  })

  test('of 1,001, of none, and of what is no array is 422', async () => {
    const item = `{"idcardid":"1","callbackUrl":"${HOOK}"}`
    for (const list of [`[${Array(1_001).fill(item)}]`, '[]', '{}', '"x"', 'null', '{"length":1}']) {
      const { status, json } = await send(`{"registrations":${list}}`)
      expect([status, json.errors[0].path]).toEqual([422, 'registrations'])
    }
    expect(await registrations()).toEqual([])
  })

  test('of 1,000 bad items is answered with one word to each', async () => {
    const { status, json } = await send(`{"registrations":[${Array(1_000).fill('7')}]}`)
    expect([status, json.results.length]).toEqual([200, 1_000])
    expect(new Set(json.results.map((one: Json) => one.status))).toEqual(new Set([422]))
  })

  test('over 1 MiB is 413, and nothing of it is registered', async () => {
    const { status } = await send(inBatch(`"${'x'.repeat(1024 * 1024)}"`))
    expect(status).toBe(413)
    expect(await registrations()).toEqual([])
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

  test.each([
    "1' OR '1'='1",
    '1;DROP TABLE registrations',
    '1 --',
    '%',
    'a%b',
    '*',
    '\\_',
    '1\u0000',
    '\u0000',
    '１６２３',
    '٣',
    'é',
    'ｘ',
    'а', // Cyrillic
    '1\u200b',
    '1\u202e',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '1.0',
    '../1',
    '0',
    '',
    'x'.repeat(65),
    'x'.repeat(60_000),
  ])('is not %j, neither to register nor to look for', async serial => {
    expect((await post(serial)).status).toBe(422)
    expect(await listed(serial)).toBe(400)
    expect(await registrations()).toEqual([])
  })

  test('as a number is refused before it loses a digit', async () => {
    const raw = `{"idcardid":12345678901234567890,"callbackUrl":"${HOOK}"}`
    expect((await api.call('POST', '/v1/registrations', { raw })).status).toBe(422)
  })
})
