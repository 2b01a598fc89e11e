import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { ADMIN_TOKEN, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const REGISTRATION = 'reg_01JABCDEFGHJKMNPQRSTVWXYZ0'
const OF_AN_ID = [
  ['DELETE', '/v1/registrations/:id'],
  ['PATCH', '/v1/admin/partners/:id'],
] as const
const ROUTES = [['POST', '/v1/registrations'], ...OF_AN_ID] as const

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

describe.each(ROUTES)('%s %s', (method, path) => {
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
})

describe.each(OF_AN_ID)('%s %s', (method, path) => {
  test.each([REGISTRATION, '%00', '%ZZ', 'a'.repeat(5_000)])(
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

test.each(['/v1', '/v2/registrations', '/v1/nothing', '/v1/registrations/', '/v1/registrations/x/nothing'])(
  '%s is a 404 problem',
  async path => {
    const answer = await api.call('GET', path)
    expect([answer.status, answer.json.type]).toEqual([404, '/docs/problems#not_found'])
  },
)

test('the 404 of a base URL with a slash at its end says so', async () => {
  const details = await Promise.all(
    ['//v1/me', '//docs/examples/receiver.mjs', '/v1/registrations//explain'].map(
      async path => (await api.call('GET', `http://localhost${path}`)).json.detail,
    ),
  )
  expect(details.map(detail => /NOTIFIER_URL/.test(detail))).toEqual([true, true, false])
})

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
