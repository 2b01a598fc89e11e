import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openListening } from '../../attack/support/listening.ts'
import { HOOK, openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

test('a request id from the caller is used if it is a plain word', async () => {
  const ids = ['trace-1_a=', 'a b', 'x'.repeat(129), '<script>']
  const answers = await Promise.all(ids.map(id => api.call('GET', '/healthz', { headers: { 'x-request-id': id } })))
  const [kept, ...replaced] = answers.map(answer => answer.headers.get('x-request-id'))
  expect(kept).toBe('trace-1_a=')
  for (const id of replaced) expect(id).toMatch(/^req_/)
})

test('a request is one log line with its route, and without personal or secret data', async () => {
  const { id } = await api.register({ idcardid: 'canary16236437', metadata: { canary: 'canary' } })
  await api.call('GET', `/v1/registrations/${id}`)
  await api.call('GET', '/v1/registrations?idcardid=canary16236437')
  const lines = api.logged.map(line => JSON.parse(line)).filter(line => line.event === 'request.answered')
  expect(lines.map(({ method, route, status }) => [method, route, status])).toEqual([
    ['POST', '/v1/registrations', 201],
    ['GET', '/v1/registrations/:id', 200],
    ['GET', '/v1/registrations', 200],
  ])
  expect(lines[0]).toMatchObject({
    partnerId: api.partner.id,
    requestId: expect.stringMatching(/^req_/),
    durationMs: 0,
  })
  const log = api.logged.join('')
  for (const secret of ['canary', HOOK, api.partner.key]) expect(log).not.toContain(secret)
})

const post = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const REGISTRATION = { idcardid: '16236437872836', callbackUrl: HOOK }

test('over a socket every answer has its request id, and no answer of the API may be cached', async () => {
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
    ...{ level: 'debug', event: 'stranger.refused' },
    requestId: 'test-5',
    status: 401,
  })
})

test('a service that stops answers its probes, and all else that it stops', async () => {
  const stopping = new AbortController()
  await using api = await openApi(
    {
      stopping: stopping.signal,
      ready: async () => [{ name: 'process', ok: false, reason: 'the process is stopping' }],
    },
    store => ({ ...store, findKey: vi.fn(store.findKey) }),
  )
  stopping.abort()
  for (const [method, path] of [
    ['POST', '/v1/registrations'],
    ['GET', '/v1/admin/nodes'],
    ['GET', '/metrics'],
    ['GET', '/docs'],
    ['GET', '/x'],
  ] as const) {
    const { status, headers, json } = await api.call(method, path, method === 'POST' ? { body: REGISTRATION } : {})
    expect([status, headers.get('content-type'), headers.get('retry-after')]).toEqual([
      503,
      'application/problem+json',
      '2',
    ])
    expect(json).toMatchObject({
      type: '/docs/problems#unavailable',
      status: 503,
      requestId: expect.stringMatching(/^req_/),
    })
  }
  expect(api.store.findKey).not.toHaveBeenCalled()
  expect((await api.call('GET', '/healthz', { key: null })).status).toBe(200)
  expect(await api.call('GET', '/readyz', { key: null })).toMatchObject({
    status: 503,
    json: { status: 'unavailable' },
  })
})

test('strangers that are refused have no line at `info`, which they could write as many of as they like', async () => {
  await using quiet = await openApi()
  for (const [path, key] of [
    ['/v1/me', null],
    ['/v1/me', 'wrong'],
    ['/v1/admin/nodes', 'wrong'],
    ['/docs/none', null],
  ] as const)
    await quiet.call('GET', path, { key })
  await quiet.call('GET', '/v1/registrations/reg_none')
  const lines = quiet.logged.map(line => JSON.parse(line)).filter(({ level }) => level !== 'debug')
  expect(lines).toMatchObject([
    { event: 'admin.login_failed' },
    { event: 'request.answered', status: 404, partnerId: quiet.partner.id },
  ])
})
