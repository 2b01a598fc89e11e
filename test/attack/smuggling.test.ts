import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openListening } from './support/listening.ts'
import { exchange, head, statusesOf } from './support/raw-client.ts'

let api: Awaited<ReturnType<typeof openListening>>
beforeAll(async () => {
  api = await openListening()
})
afterAll(() => api[Symbol.asyncDispose]())

/** Would create a registration if it were taken for a request. */
const smuggled = () => {
  const body = '{"idcardid":"smuggled","callbackUrl":"https://partner.example/hook"}'
  const headers = { ...api.authorization, 'content-type': 'application/json', 'content-length': String(body.length) }
  return head('POST /v1/registrations', headers) + body
}
const post = (framing: string, body: string) =>
  `POST /v1/registrations HTTP/1.1\r\nhost: x\r\nauthorization: ${api.authorization.authorization}\r\n` +
  `content-type: application/json\r\n${framing}\r\n\r\n${body}`
const registered = async () => (await api.call('GET', '/v1/registrations')).json.data

describe.concurrent('M19: a request whose end can be read in two ways is 400, and what follows is not read', () => {
  test.each<[string, string]>([
    ['two lengths', 'content-length: 0\r\ncontent-length: 5'],
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked'],
    ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 5'],
    ['a length with a sign', 'content-length: +5'],
    ['a space before the colon', 'transfer-encoding : chunked'],
    ['another coding after chunked', 'transfer-encoding: chunked, identity'],
    ['chunked with a vertical tab', 'transfer-encoding: \u000bchunked'],
    ['a header that is folded', 'x-fold: a\r\n b\r\ncontent-length: 0'],
    ['a bare line feed', 'x-a: b\ncontent-length: 0'],
    ['a carriage return in a value', 'x-a: b\rtransfer-encoding: chunked'],
    ['a NUL in a value', 'x-a: b\u0000c'],
  ])('%s', async (_, framing) => {
    const text = await exchange(api.url, post(framing, `0\r\n\r\n${smuggled()}`))
    expect(statusesOf(text).slice(0, 1)).toEqual([400])
    expect(statusesOf(text)).toHaveLength(1)
    expect(await registered()).toEqual([])
  })

  test.each<[string, string]>([
    ['a chunk size that is no number', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
    ['a chunk that is longer than its size', '2\r\n{}{}\r\n0\r\n\r\n'],
    ['a bare line feed after the size', '2\n{}\r\n0\r\n\r\n'],
  ])('%s', async (_, body) => {
    const text = await exchange(api.url, post('transfer-encoding: chunked', body + smuggled()))
    expect(statusesOf(text)).toEqual([400])
    expect(await registered()).toEqual([])
  })
})

describe.concurrent('M19: a request that is no HTTP/1.1', () => {
  test.each<[string, string, number]>([
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a method that there is not', 'BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['a version that there is not', 'GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n', 400],
    ['HTTP/2 before it was agreed on', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['20 KiB of headers', head('GET /healthz', { 'x-long': 'a'.repeat(20_480) }), 431],
    ['a host with a space', 'GET /healthz HTTP/1.1\r\nhost: a b\r\n\r\n', 400],
  ])('is refused: %s', async (_, bytes, status) => {
    expect(statusesOf(await exchange(api.url, bytes))).toEqual([status])
  })
})

describe.concurrent('M19: what the head says about itself', () => {
  const get = (line: string, headers: Record<string, string> = {}) =>
    exchange(api.url, head(line, { connection: 'close', ...headers }))

  test.each([
    'GET //v1/admin/partners',
    'GET /v1/Admin/partners',
    'GET /v1/%61dmin/partners',
    'GET /v1/admin%2fpartners',
    'GET /v1/registrations/%2e%2e/admin/partners',
    'GET /v1/registrations/..%2fadmin%2fpartners',
    'GET /v1/admin/partners/',
    'GET http://notifier.example/v1/admin/partners',
    'HEAD /v1/admin/partners',
    'OPTIONS /v1/admin/partners',
  ])('opens no way to the operator’s part: %s', async line => {
    for (const authorization of ['', api.authorization.authorization]) {
      const text = await get(line, authorization === '' ? {} : { authorization })
      expect([400, 401, 404, 405]).toContain(statusesOf(text)[0])
      expect(text).not.toContain(api.partner.id)
    }
  })

  test.each([{ 'x-http-method-override': 'DELETE' }, { 'x-original-url': '/v1/admin/partners' }])(
    'changes nothing: %j',
    async headers => {
      const text = await get('GET /healthz', headers)
      expect(text).toContain('{"status":"ok"}')
    },
  )

  test('is not told back: neither Host nor X-Forwarded-Host get into an answer', async () => {
    const headers = {
      authorization: `Bearer ${api.other.key}`,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
    }
    const body = '{"idcardid":"hosted","callbackUrl":"https://partner.example/hook"}'
    const more = { 'content-type': 'application/json', 'content-length': String(body.length) }
    const request = head('POST /v1/registrations', { ...headers, ...more, host: 'evil.example', connection: 'close' })
    const text = await exchange(api.url, request + body)
    expect(text).toMatch(/\r\nlocation: \/v1\/registrations\/reg_\w+\r\n/)
    expect(text).not.toMatch(/evil|gopher/)
  })
})
