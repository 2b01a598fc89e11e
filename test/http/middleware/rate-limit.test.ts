import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../../src/core/api-key.ts'
import { Secret } from '../../../src/core/secret.ts'
import { networksOf } from '../../support/networks.ts'
import { ADMIN_TOKEN, HOOK, openApi } from '../support/api.ts'

type Api = Awaited<ReturnType<typeof openApi>>

const LIST = '/v1/registrations'
const statusesOf = async (times: number, call: () => Promise<{ status: number }>): Promise<number[]> => {
  const statuses: number[] = []
  for (let n = 0; n < times; n++) statuses.push((await call()).status)
  return statuses
}
const count = (statuses: readonly number[], status: number) => statuses.filter(one => one === status).length

describe('API_RATE', () => {
  test('M5: accepts a burst of twice the rate, then answers 429 with an exact Retry-After', async () => {
    await using api = await openApi({ server: { apiRate: 5 } })
    const list = () => api.call('GET', LIST)
    expect(await statusesOf(10, list)).toEqual(Array(10).fill(200))
    const refused = await list()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.json).toMatchObject({ type: '/docs/problems#too_many_requests', status: 429 })
    api.clock.now += Number(refused.headers.get('retry-after')) * 1_000
    expect((await list()).status).toBe(200)
  })

  test('counts per key, not per partner or address', async () => {
    await using api = await openApi({ server: { apiRate: 1 } })
    const second = createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes)
    await api.store.createKey(api.partner.id, second)
    const as = (key: string) => () => api.call('GET', LIST, { key, from: '192.0.2.1' })
    expect(await statusesOf(3, as(api.partner.key))).toEqual([200, 200, 429])
    expect(await statusesOf(3, as(second.text))).toEqual([200, 200, 429])
    expect(await statusesOf(3, as(api.other.key))).toEqual([200, 200, 429])
  })

  test('a refused call takes no token and has no effect', async () => {
    await using api = await openApi({ server: { apiRate: 1 } })
    const { id } = await api.register()
    await api.call('GET', LIST)
    expect(await statusesOf(50, () => api.call('DELETE', `${LIST}/${id}`))).toEqual(Array(50).fill(429))
    api.clock.now += 1_000
    expect((await api.call('GET', `${LIST}/${id}`)).json.status).toBe('pending')
  })

  test('a partner that enumerates serials has one call a second over all its keys', async () => {
    let slowedForMs = 0
    await using api = await openApi({
      enumerationGuard: { recordConflict: () => {}, slowedForMs: () => slowedForMs },
    })
    const second = createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes)
    await api.store.createKey(api.partner.id, second)
    await statusesOf(5, () => api.call('GET', LIST))
    slowedForMs = 600_000
    const either = (n: number) => api.call('GET', LIST, { key: n % 2 === 0 ? api.partner.key : second.text })
    const answers = [await either(0), await either(1), await either(2), await either(3)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429])
    expect(answers[2]?.headers.get('retry-after')).toBe('1')
    api.clock.now += 1_000
    expect((await either(1)).status).toBe(200)
    slowedForMs = 0
    expect(await statusesOf(20, () => either(0))).toEqual(Array(20).fill(200))
  })
})

describe('a node that allows a part of each rate', () => {
  test('allows that part of the rate and of the burst, as of now', async () => {
    let share = 1
    await using api = await openApi({ server: { apiRate: 10 }, rateShare: () => share })
    const list = () => api.call('GET', LIST)
    share = 0.5
    expect(count(await statusesOf(20, list), 200)).toBe(10)
    api.clock.now += 1_000
    expect(count(await statusesOf(20, list), 200)).toBe(5)
    share = 1
    expect(count(await statusesOf(20, list), 200)).toBe(10)
  })

  test('refused a whole batch, whose burst was too small for it', async () => {
    await using api = await openApi({ server: { registrationRate: 10 }, rateShare: () => 0.1 })
    const batch = (from: number, size: number) =>
      api.call('POST', `${LIST}/batch`, {
        body: {
          registrations: Array.from({ length: size }, (_, n) => ({ idcardid: `s-${from + n}`, callbackUrl: HOOK })),
        },
      })
    expect((await batch(0, 1_000)).status).toBe(200)
    expect((await batch(1_000, 1_000)).status).toBe(429)
    expect((await batch(1_000, 1)).status).toBe(429)
  })

  test('compares its part of the wrong keys of an address', async () => {
    await using api = await openApi({ rateShare: () => 0.2 })
    const key = createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes).text
    const statuses = await statusesOf(20, () => api.call('GET', LIST, { key, from: '192.0.2.1' }))
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([10, 10])
  })
})

describe('failed logins', () => {
  const guess = (api: Api, from: string, headers: Record<string, string> = {}) =>
    api.call('GET', LIST, { key: createApiKey('key_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes).text, from, headers })

  test('M11: are 429 after the first fifty from an address, with an exact Retry-After', async () => {
    await using api = await openApi()
    const statuses = await statusesOf(60, () => guess(api, '192.0.2.1'))
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([50, 10])
    const refused = await guess(api, '192.0.2.1')
    api.clock.now += Number(refused.headers.get('retry-after')) * 1_000
    expect((await guess(api, '192.0.2.1')).status).toBe(401)
    expect((await guess(api, '192.0.2.2')).status).toBe(401)
  })

  test('M11: do not lock out a valid key behind the same address', async () => {
    await using api = await openApi()
    await statusesOf(60, () => guess(api, '192.0.2.1'))
    expect((await api.call('GET', LIST, { from: '192.0.2.1' })).status).toBe(200)
    expect((await api.call('GET', '/v1/admin/partners', { key: ADMIN_TOKEN, from: '192.0.2.1' })).status).toBe(200)
  })

  test.each([LIST, '/v1/admin/partners', '/metrics'])('calls of %s without a key are no guesses', async path => {
    await using api = await openApi({ server: { metricsToken: new Secret('the-token-of-prometheus') } })
    const call = (key: string | null) => api.call('GET', path, { key, from: '192.0.2.1' })
    expect(await statusesOf(60, () => call(null))).toEqual(Array(60).fill(401))
    expect((await call('wrong')).status).toBe(401)
    expect(api.logged.filter(line => line.includes('"admin.login_failed"')).length).toBeLessThan(2)
  })

  test('of the admin token are logged with their address, twenty at once and one a minute', async () => {
    await using api = await openApi({ trustedProxies: networksOf('10.0.0.0/8') })
    const headers = { 'x-forwarded-for': '192.0.2.1' }
    await statusesOf(60, () => api.call('GET', '/v1/admin/partners', { key: 'guessed', from: '10.0.0.1', headers }))
    const lines = api.logged.filter(line => line.includes('"admin.login_failed"'))
    expect(lines).toHaveLength(20)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 'warn', address: '192.0.2.1' })
    expect(api.logged.join('')).not.toContain('guessed')
  })

  test('M19: behind trusted proxies the address that they saw counts, not those that the caller made up', async () => {
    await using api = await openApi({ trustedProxies: networksOf('10.0.0.0/8') })
    let n = 0
    const through = (client: string) =>
      guess(api, '::ffff:10.0.0.1', { 'x-forwarded-for': `198.51.100.${n++}, ${client}, 10.9.9.9` })
    expect(count(await statusesOf(60, () => through('192.0.2.1')), 401)).toBe(50)
    expect((await through('192.0.2.2')).status).toBe(401)
    expect((await guess(api, '192.0.2.1')).status).toBe(429)
  })

  test('count together for all addresses of an IPv6 /64', async () => {
    await using api = await openApi()
    let n = 1
    const statuses = await statusesOf(60, () => guess(api, `2001:db8:1:2::${(n++).toString(16)}`))
    expect(count(statuses, 401)).toBe(50)
    expect((await guess(api, '2001:db8:1:3::1')).status).toBe(401)
  })
})
