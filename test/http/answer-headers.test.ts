import { expect, test } from 'vitest'
import { openListening } from '../attack/support/listening.ts'
import { HOOK } from './support/api.ts'

const post = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const REGISTRATION = { idcardid: '16236437872836', callbackUrl: HOOK }

test('on a socket each answer brings its request id, and none of the API may be kept by a cache', async () => {
  await using api = await openListening()
  const calls = [
    { path: '/v1/registrations', init: post(REGISTRATION), status: 201 },
    { path: '/v1/registrations', init: post({}), status: 422 },
    { path: '/v1/registrations?page=2', init: post(REGISTRATION), status: 400 },
    { path: '/v1/registrations', init: { method: 'PUT' }, status: 405 },
    { path: '/v1/nothing', init: {}, status: 404 },
    { path: '/v1/me', init: { headers: { authorization: 'Bearer wrong' } }, status: 401 },
  ]
  for (const [at, { path, init, status }] of calls.entries()) {
    const id = `test-${at}`
    const headers = new Headers({ ...api.authorization, ...init.headers, 'x-request-id': id })
    const answer = await fetch(`${api.url}${path}`, { ...init, headers })
    const told = { status: answer.status, id: answer.headers.get('x-request-id') }
    expect({ ...told, cache: answer.headers.get('cache-control') }).toEqual({ status, id, cache: 'no-store' })
    if (status !== 201) expect(answer.headers.get('content-type')).toBe('application/problem+json')
    else
      expect(answer.headers.get('location')).toBe(`/v1/registrations/${((await answer.json()) as { id: string }).id}`)
  }
  expect(JSON.parse(api.logged.at(-1) ?? '')).toMatchObject({
    event: 'request.answered',
    requestId: 'test-5',
    status: 401,
  })
})

test('on a socket a page to read may be kept, also where nothing of it has changed', async () => {
  await using api = await openListening()
  const first = await fetch(`${api.url}/docs`)
  const again = await fetch(`${api.url}/docs`, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } })
  expect([first.status, again.status]).toEqual([200, 304])
  for (const { headers } of [first, again]) {
    expect(headers.get('x-request-id')).toMatch(/^req_/)
    expect(headers.get('cache-control')).toBeNull()
  }
})
