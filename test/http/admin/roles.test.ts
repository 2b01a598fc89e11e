import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAdminToken } from '../../../src/core/api-key.ts'
import { ROLES, type Role } from '../../../src/core/role.ts'
import { ADMIN_ROUTES } from '../support/admin-routes.ts'
import { ADMIN_TOKEN, openApi } from '../support/api.ts'

type Api = Awaited<ReturnType<typeof openApi>>

let api: Api
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const ROUTES = Object.entries(ADMIN_ROUTES)
const callOf = (route: string) => {
  const [method = '', path = ''] = route.split(' ')
  return [method, path.replace(':id', 'nobody')] as const
}

test('the table of roles has exactly the routes of the admin API', () => {
  const routes = api.app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/admin'))
  const names = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  expect([...names].sort()).toEqual(Object.keys(ADMIN_ROUTES).sort())
})

test('a route changes something only where the audit has a name for it', () => {
  for (const [route, { act }] of ROUTES) expect(act !== undefined, route).toBe(!route.startsWith('GET'))
})

test('the role operate may see, disable and enable callbacks, hold, pause, resume, resend, poll and act in bulk; no other call changes something without admin', () => {
  const needs = (role: Role) => ROUTES.flatMap(([route, one]) => (one.role === role ? [route] : []))
  const acts = ['accounts/:id/pause', 'accounts/:id/resume', 'registrations/:id/resend', 'registrations/:id/poll']
  const paths = [...acts, 'bulk', 'bulk/:id/start', 'bulk/:id/stop', 'callbacks/disable', 'callbacks/enable']
  paths.push('deliveries/hold', 'deliveries/resume')
  const expected = ['GET /v1/admin/callbacks', ...paths.map(path => `POST /v1/admin/${path}`)]
  expect(needs('operate').sort()).toEqual(expected.sort())
  expect(needs('read').filter(route => !route.startsWith('GET '))).toEqual([])
})

test.each(ROLES)('a token with the role %s may call what its role may', async role => {
  const { text } = await api.addToken(role)
  for (const [route, { role: needed }] of ROUTES) {
    api.clock.now += 1_000
    const { status, json } = await api.call(...callOf(route), { key: text })
    if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) expect([401, 403], route).not.toContain(status)
    else expect([status, json.type], route).toEqual([403, '/docs/problems#forbidden'])
  }
})

test('without a token all is 401, with ADMIN_TOKEN all is open', async () => {
  for (const [route] of ROUTES) {
    api.clock.now += 1_000
    expect((await api.call(...callOf(route), { key: null })).status, route).toBe(401)
    expect([401, 403], route).not.toContain((await api.call(...callOf(route), { key: ADMIN_TOKEN })).status)
  }
})

test('the role read saw whole callback URLs in the list of those that fail', async () => {
  const statusFor = async (role: Role) =>
    (await api.call('GET', '/v1/admin/callbacks', { key: (await api.addToken(role)).text })).status
  expect([await statusFor('read'), await statusFor('operate')]).toEqual([403, 200])
})

test('a token stops working within two seconds of being revoked, and when it has expired', async () => {
  const { store, clock, call } = api
  const [revoked, expiring] = [await api.addToken('read'), await api.addToken('read', clock.now + 60_000)]
  const statusOf = async (key: string) => (await call('GET', '/v1/admin/partners', { key })).status
  expect([await statusOf(revoked.text), await statusOf(expiring.text)]).toEqual([200, 200])
  await store.revokeAdminToken(revoked.id)
  clock.now += 1_999
  expect([await statusOf(revoked.text), await statusOf(expiring.text)]).toEqual([401, 200])
  clock.now += 60_000
  expect(await statusOf(expiring.text)).toBe(401)
})

test('guesses at tokens are throttled by network, and a right one never', async () => {
  const guess = () => createAdminToken('token_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes).text
  const call = (key: string) => api.call('GET', '/v1/admin/partners', { key, from: '192.0.2.7' })
  for (let n = 0; n < 50; n++) expect((await call(guess())).status).toBe(401)
  expect((await call(guess())).status).toBe(429)
  expect((await call((await api.addToken('admin')).text)).status).toBe(200)
})

describe('without ADMIN_TOKEN', () => {
  beforeEach(async () => {
    await api[Symbol.asyncDispose]()
    api = await openApi({ server: { adminToken: null } })
  })

  test('all is 404 to all but tokens of the database', async () => {
    for (const [route, { role }] of ROUTES) {
      api.clock.now += 1_000
      for (const key of [null, 'x', ADMIN_TOKEN, api.partner.key])
        expect((await api.call(...callOf(route), { key })).status, route).toBe(404)
      const { text } = await api.addToken(role)
      expect([401, 403], route).not.toContain((await api.call(...callOf(route), { key: text })).status)
    }
  })
})
