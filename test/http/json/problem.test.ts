import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { ADMIN_TOKEN, HOOK, openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const REGISTRATION = 'reg_01JABCDEFGHJKMNPQRSTVWXYZ0'
const PARTNER_ROUTES = [
  ['GET', '/v1/registrations/:id'],
  ['DELETE', '/v1/registrations/:id'],
  ['POST', '/v1/registrations/:id/poll'],
  ['POST', '/v1/registrations/:id/resend'],
  ['GET', '/v1/registrations/:id/attempts'],
  ['GET', '/v1/registrations/:id/explain'],
] as const
const ADMIN_ROUTES = [
  ['GET', '/v1/admin/partners/:id'],
  ['PATCH', '/v1/admin/partners/:id'],
  ['GET', '/v1/admin/partners/:id/keys'],
  ['POST', '/v1/admin/partners/:id/keys'],
  ['DELETE', '/v1/admin/keys/:id'],
  ['POST', '/v1/admin/accounts/:id/pause'],
  ['POST', '/v1/admin/accounts/:id/resume'],
] as const
const ALL = [
  ...PARTNER_ROUTES,
  ['GET', '/v1/registrations'],
  ['POST', '/v1/registrations'],
  ...ADMIN_ROUTES,
  ['GET', '/v1/admin/partners'],
  ['POST', '/v1/admin/partners'],
  ['GET', '/v1/admin/accounts'],
] as const

const keyFor = (path: string) => (path.startsWith('/v1/admin') ? ADMIN_TOKEN : api.partner.key)
const bodyFor = (method: string) => (method === 'PATCH' ? { body: { disabled: true } } : {})

const expectProblem = (answer: Awaited<ReturnType<typeof api.call>>, code: keyof typeof PROBLEMS) => {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.json.requestId).toBe(answer.headers.get('x-request-id'))
  expect(answer.status).toBe(PROBLEMS[code].status)
  const { title } = PROBLEMS[code]
  expect(answer.json).toMatchObject({ type: `/docs/problems#${code}`, title: title.en, detail: expect.any(String) })
}

describe.each(ALL)('%s %s', (method, path) => {
  const real = path.replace(':id', REGISTRATION)

  test('without a key, with a malformed one, or with a key for the other half of the API is a 401 problem', async () => {
    expectProblem(await api.call(method, real, { key: null }), 'unauthorized')
    expectProblem(await api.call(method, real, { key: 'ifn_x' }), 'unauthorized')
    const wrong = path.startsWith('/v1/admin') ? api.partner.key : ADMIN_TOKEN
    expectProblem(await api.call(method, real, { key: wrong }), 'unauthorized')
  })

  test('with a method that it does not support is a 405 problem with Allow', async () => {
    const answer = await api.call('PUT', real, { key: keyFor(path), body: {} })
    expectProblem(answer, 'method_not_allowed')
    expect(answer.headers.get('allow')?.split(', ')).toContain(method)
  })

  test('with an unknown query parameter is a 400 problem', async () => {
    expectProblem(await api.call(method, `${real}?colour=red`, { key: keyFor(path) }), 'invalid_query')
  })
})

describe.each([...PARTNER_ROUTES, ...ADMIN_ROUTES])('%s %s', (method, path) => {
  test.each([REGISTRATION, 'x', '%00', '%ZZ', "'%20OR%201=1", 'a'.repeat(5_000), '%F0%9F%98%80'])(
    'for an id that does not exist is a 404 problem: %s',
    async id => {
      const answer = await api.call(method, path.replace(':id', id), { key: keyFor(path), ...bodyFor(method) })
      expectProblem(answer, 'not_found')
    },
  )
})

test('what cannot be an id never reaches the database', async () => {
  const findRegistration = vi.spyOn(api.store, 'findRegistration')
  for (const id of ['%00', 'x', REGISTRATION.toLowerCase(), `${REGISTRATION}0`])
    await api.call('GET', `/v1/registrations/${id}`)
  expect(findRegistration).not.toHaveBeenCalled()
})

test.each(PARTNER_ROUTES)(
  '%s %s for a registration of another partner is answered like one for an unknown id',
  async (method, path) => {
    const { id } = await api.register({}, api.other.key)
    const foreign = await api.call(method, path.replace(':id', id))
    const unknown = await api.call(method, path.replace(':id', REGISTRATION))
    expect(foreign.text).toBe(unknown.text)
    expectProblem(foreign, 'not_found')
    const { json } = await api.call('GET', `/v1/registrations/${id}`, { key: api.other.key })
    expect(json.status).toBe('pending')
  },
)

test.each(['/v1', '/v2/registrations', '/v1/nothing', '/v1/registrations/', '/v1/registrations/x/nothing'])(
  '%s is a 404 problem',
  async path => {
    const answer = await api.call('GET', path)
    expect([answer.status, answer.json.type]).toEqual([404, '/docs/problems#not_found'])
  },
)

test('a bug is a 500 without details, and is logged with the request id', async () => {
  vi.spyOn(api.store, 'listRegistrations').mockRejectedValueOnce(new TypeError('row 7 of secret_table'))
  const answer = await api.call('GET', '/v1/registrations')
  expectProblem(answer, 'internal')
  expect(answer.text).not.toContain('secret_table')
  const requestId = answer.headers.get('x-request-id')
  expect(answer.json.detail).toContain(requestId)
  const lines = api.logged.map(line => JSON.parse(line))
  expect(lines).toContainEqual(expect.objectContaining({ event: 'request.failed', level: 'error', requestId }))
})

test('every code has its paragraph in docs/problems.md', () => {
  const document = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8')
  const headings = [...document.matchAll(/^## (\w+)$/gm)].map(([, code]) => code)
  expect(headings).toEqual(Object.keys(PROBLEMS))
})

test.each([
  ['problems.md', 'en'],
  ['problems.zh-CN.md', 'zh'],
])('the sample problem of docs/%s is what a reader of that language is answered', async (page, language) => {
  const document = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8')
  const sample = JSON.parse(/^```json\n(.*?)^```$/ms.exec(document)?.[1] ?? '')
  const headers = { 'accept-language': language }
  const { json } = await api.call('POST', '/v1/registrations', { headers, body: { idcardid: '0', callbackUrl: HOOK } })
  expect({ ...json, requestId: null }).toEqual({ ...sample, requestId: null })
})
