import { expect, test, vi } from 'vitest'
import { AppError } from '../../../src/core/error.ts'
import { both } from '../../support/words.ts'
import { HOOK, openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const item = (idcardid: unknown, more = {}) => ({ idcardid, callbackUrl: HOOK, ...more })
const batch = (registrations: unknown, key = api.partner.key) =>
  api.call('POST', '/v1/registrations/batch', { key, body: { registrations } })

test('each registration has its own result, in order', async () => {
  await api.register({ idcardid: 'known' })
  await api.register({ idcardid: 'foreign' }, api.other.key)
  const { status, json } = await batch([item('a'), item('known'), item('foreign'), item(16), item('b')])
  expect(status).toBe(200)
  expect(json.results.map((result: { status: number }) => result.status)).toEqual([201, 200, 409, 422, 201])
  const [a, known, foreign, number, b] = json.results
  expect([a.registration.idcardid, known.registration.idcardid, b.registration.idcardid]).toEqual(['a', 'known', 'b'])
  expect(foreign.problem).toMatchObject({ type: '/docs/problems#conflict', status: 409 })
  expect(number.problem).toMatchObject({ type: '/docs/problems#invalid_body', errors: [{ path: 'idcardid' }] })
  expect((await api.call('GET', `/v1/registrations/${b.registration.id}`)).json).toEqual(b.registration)
})

test.each([['null', null, 'must be a JSON object']])(
  '%s among them is a problem of its own',
  async (_, bad, message) => {
    const { json } = await batch([bad, item('a')])
    expect(json.results[0].problem.errors).toEqual([{ path: '', message }])
    expect(json.results[1].status).toBe(201)
  },
)

test('a serial that occurs twice is registered once', async () => {
  const { json } = await batch([item('a'), item('a'), item('a', { callbackUrl: `${HOOK}/2` })])
  const [first, again, elsewhere] = json.results
  expect([first.status, again.status, elsewhere.status]).toEqual([201, 200, 201])
  expect(again.registration.id).toBe(first.registration.id)
  expect(elsewhere.registration.id).not.toBe(first.registration.id)
})

test('accepts 1 to 1,000 registrations', async () => {
  const many = Array.from({ length: 1_001 }, (_, i) => item(`s${i}`))
  for (const registrations of [many, [], undefined, item('a')]) {
    const { status, json } = await batch(registrations)
    expect([status, json.errors[0].path]).toEqual([422, 'registrations'])
  }
  const { status, json } = await batch(many.slice(1))
  expect(status).toBe(200)
  expect(json.results).toHaveLength(1_000)
  expect(json.results.at(-1).registration.idcardid).toBe('s1000')
})

test('accepts 1 MiB and no more', async () => {
  const post = (bytes: number) => {
    const body = JSON.stringify({ registrations: [item('a')] })
    return api.call('POST', '/v1/registrations/batch', { raw: body.padEnd(bytes) })
  }
  expect((await post(1024 * 1024)).status).toBe(200)
  const { status, json } = await post(1024 * 1024 + 1)
  expect([status, json.type, json.detail]).toEqual([
    413,
    '/docs/problems#payload_too_large',
    'The body must be at most 1024 KiB.',
  ])
})

test('is 503 as a whole when the database cannot be written', async () => {
  await using broken = await openApi()
  broken.store.register = vi
    .fn()
    .mockRejectedValue(new AppError('unavailable', both('The database cannot be written.')))
  const body = { registrations: [item('a'), item(7)] }
  const { status, headers } = await broken.call('POST', '/v1/registrations/batch', { body })
  expect([status, headers.get('retry-after')]).toEqual([503, '2'])
})
