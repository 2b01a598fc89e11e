import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createCalls } from '../../src/client/client.ts'
import type { NotifierError } from '../../src/client/index.ts'
import { pause } from '../../src/client/pause.ts'
import { createTransport, type TransportOptions } from '../../src/client/transport.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const KEY = 'ifn_the-key-of-these-tests'
const OK: Answer = response => response.end('{"fine":true}')
const problem =
  (status: number, headers: Record<string, string> = {}): Answer =>
  response =>
    response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ type: '/docs/problems#the_code', title: 'Title', status, detail: 'Detail.' }))
const page =
  (status: number, headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<h1>Bad gateway</h1>')
const reset: Answer = response => response.socket?.resetAndDestroy()

/** Answers each call with the next of `answers`, and with the last for ever. */
const openService = async (...answers: Answer[]) => {
  const seen: { url: string | undefined; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    const answer = answers[Math.min(seen.length, answers.length) - 1]
    answer?.(response, request)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options: TransportOptions = {
    baseUrl,
    apiKey: KEY,
    fetch: globalThis.fetch,
    timeoutMs: 5_000,
    retryForMs: 30_000,
    retries: Number.POSITIVE_INFINITY,
    language: 'en',
    now: Date.now,
    elapsed: () => performance.now(),
    pause,
    random: () => 0,
  }
  return {
    baseUrl,
    seen,
    open: (more: Partial<TransportOptions> = {}) => createTransport({ ...options, ...more }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A service that is away for so long, by a clock that only pauses and waits move. */
const openOutage = (downMs: number, answer: () => Response = () => new Response('{"status":"pending"}')) => {
  let at = 0
  const triedAt: number[] = []
  const waits: (string | null)[] = []
  const elapsed = () => at
  const pauseHere = async (ms: number) => {
    at += ms
  }
  const request = createTransport({
    baseUrl: 'https://notifier.example',
    apiKey: KEY,
    fetch: async url => {
      triedAt.push(at)
      if (at < downMs) throw new TypeError('fetch failed')
      const wait = new URL(String(url)).searchParams.get('wait')
      waits.push(wait)
      at += Number.parseInt(wait ?? '0', 10)
      return answer()
    },
    timeoutMs: 5_000,
    retryForMs: 30_000,
    retries: Number.POSITIVE_INFINITY,
    language: 'en',
    now: () => at,
    elapsed,
    pause: pauseHere,
    random: () => 0.5,
  })
  return { triedAt, waits, elapsed, request, calls: createCalls({ request, elapsed }) }
}

const GET = { method: 'GET', path: 'v1/me' } as const
const ONCE = { method: 'POST', path: 'v1/x', body: {}, isOnce: true } as const
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no refusal',
    (error: NotifierError) => error,
  )

describe('a call', () => {
  test.each([
    ['a reset connection', reset],
    ['503 of the service', problem(503)],
    ['503 of a proxy', page(503)],
    ['408 of a machine that stood still', page(408)],
    ['502', page(502)],
    ['504', page(504)],
    ['429', problem(429, { 'retry-after': '0' })],
  ])('is tried again after %s', async (_, answer) => {
    await using service = await openService(answer, answer, OK)
    expect(await service.open()(GET)).toEqual({ fine: true })
    expect(service.seen).toHaveLength(3)
  })

  test.each([
    ['400', problem(400)],
    ['404', problem(404)],
    ['409', problem(409)],
    ['500', problem(500)],
    ['a redirect', page(302, { location: 'http://127.0.0.1:1/' })],
    ['a page in place of JSON', page(200)],
    ['429 that asks for a minute', problem(429, { 'retry-after': '60' })],
  ])('is not tried again after %s', async (_, answer) => {
    await using service = await openService(answer, OK)
    expect(await refusal(service.open()(GET))).toMatchObject({ name: 'NotifierError' })
    expect(service.seen).toHaveLength(1)
  })

  test('that must happen once is tried again only where the service did nothing', async () => {
    for (const [answer, calls] of [
      [reset, 1],
      [page(408), 1],
      [page(503), 1],
      [page(502), 1],
      [problem(503), 2],
      [problem(429), 2],
    ] as const) {
      await using service = await openService(answer, OK)
      await refusal(service.open()(ONCE))
      expect(service.seen).toHaveLength(calls)
    }
  })

  test('for a verdict goes on until its own limit, and asks to wait no longer than that', async () => {
    const { calls, waits, elapsed } = openOutage(600_000)
    expect(await calls.waitForVerdict('reg_1', { timeoutMs: 612_000 })).toMatchObject({ status: 'pending' })
    expect(elapsed()).toBe(612_000)
    expect(waits).toHaveLength(1)
    const dead = openOutage(Number.POSITIVE_INFINITY)
    expect(await refusal(dead.calls.waitForVerdict('reg_1', { timeoutMs: 90_000 }))).toMatchObject({ code: 'network' })
    expect(dead.elapsed()).toBe(90_000)
  })

  test('ends with its signal, during a try and between tries', async () => {
    const controller = new AbortController()
    await using dead = await openService(() => controller.abort(new Error('enough')))
    await expect(dead.open()({ ...GET, signal: controller.signal })).rejects.toThrow('enough')
    await expect(dead.open()({ ...GET, signal: controller.signal })).rejects.toThrow('enough')
    expect(dead.seen).toHaveLength(1)

    const later = new AbortController()
    await using busy = await openService(response => {
      problem(503, { 'retry-after': '30' })(response, response.req)
      response.once('close', () => later.abort(new Error('enough')))
    })
    await expect(busy.open()({ ...GET, signal: later.signal })).rejects.toThrow('enough')
    expect(busy.seen).toHaveLength(1)
  })
})

describe('a refusal', () => {
  test('without an answer of the service was told in English only', async () => {
    await using service = await openService(page(404))
    const chinese = service.open({ language: 'zh', retries: 0 })
    await expect(chinese(GET)).rejects.toThrow(/^404，且响应不是 idface-notifier 返回的/)
    await service[Symbol.asyncDispose]()
    await expect(chinese(GET)).rejects.toThrow(/^无法连接服务：/)
  })
})
