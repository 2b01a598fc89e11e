import { expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()
const call = (method: string, path = '', body?: object) => api.admin(method, `/tokens${path}`, body)

test('a token is created, works with its role, is listed without its secret, and revoked', async () => {
  const { status, json } = await call('POST', '', { name: '值班 Zoë', role: 'read', reason: 'on duty' })
  const { token, ...created } = json
  expect([status, created]).toMatchObject([201, { name: '值班 Zoë', role: 'read', expiresAt: null, revoked: false }])
  const me = () => api.call('GET', '/v1/admin/me', { key: token })
  expect((await me()).json).toEqual({ id: created.id, name: '值班 Zoë', role: 'read' })
  const { data } = (await call('GET')).json
  expect(data).toMatchObject([{ id: created.id, revoked: false }])
  expect(JSON.stringify(data)).not.toContain(token.split('_').at(-1))
  expect((await call('DELETE', `/${created.id}`)).status).toBe(204)
  expect((await call('DELETE', '/token_none')).status).toBe(404)
  api.clock.now += 2_000
  expect((await me()).status).toBe(401)
  expect((await call('GET')).json.data).toMatchObject([{ id: created.id, revoked: true }])
})

test.each([
  [{ role: 'read' }, 'name'],
  [{ name: 'x', role: 'root' }, 'role'],
  [{ name: 'x', role: 'read', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
])('%j is refused for its %s', async (body, path) => {
  expect(await call('POST', '', body)).toMatchObject({ status: 422, json: { errors: [{ path }] } })
  expect((await call('GET')).json.data).toEqual([])
})
