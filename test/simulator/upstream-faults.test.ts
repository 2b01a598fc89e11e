import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Step } from '../../src/simulator/script.ts'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { ACCOUNT } from './ask.ts'

interface Raw {
  response: IncomingMessage
  body: Buffer
  /** False where the connection ended before the body did. */
  complete: boolean
}

const get = (url: string, agent: Agent | false = false): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const call = httpRequest(url, { agent }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => {})
      response.on('close', () => resolve({ response, body: Buffer.concat(chunks), complete: response.complete }))
    })
    call.on('error', reject)
    call.end()
  })

describe('upstream faults', () => {
  let upstream: Awaited<ReturnType<typeof openUpstreamSimulator>>
  const urlOf = () => `${upstream.url}?account=${ACCOUNT.apiId}&password=${ACCOUNT.apiKey}&idcardid=1`
  const answerTo = (step: Step): Promise<Raw> => {
    upstream.script('1', step)
    return get(urlOf())
  }

  beforeAll(async () => {
    upstream = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => 0 })
  })
  afterEach(() => upstream.reset())
  afterAll(() => upstream.close())

  test('resets the connection in place of an answer', async () => {
    await expect(answerTo({ fault: 'reset' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(upstream.calls).toMatchObject([{ code: null, answer: 'reset' }])
  })

  test('never answers when it hangs', async () => {
    upstream.script('1', { fault: 'hang' })
    const seen = upstream.nextCall()
    const call = httpRequest(urlOf(), { agent: false }, () => expect.unreachable())
    const failed = new Promise(resolve => call.on('error', resolve))
    call.end()
    await seen
    expect(upstream.counts.inFlight).toBe(1)
    call.destroy(new Error('given up'))
    expect(await failed).toMatchObject({ message: 'given up' })
  })

  test('stalls in the middle of a body', async () => {
    upstream.script('1', { fault: 'stall' })
    const call = httpRequest(urlOf(), { agent: false })
    const response = await new Promise<IncomingMessage>(resolve => call.on('response', resolve).end())
    const chunk = await new Promise<Buffer>(resolve => response.once('data', resolve))
    expect(chunk.length).toBeLessThan(Number(response.headers['content-length']))
    expect(response.complete).toBe(false)
    response.on('error', () => {})
    call.destroy()
  })

  test('ends the connection before the promised body is there', async () => {
    upstream.script('1', { fault: 'truncated' })
    // Over a connection that both sides would keep, so that only the fault can end it.
    const { body, complete, response } = await get(urlOf(), new Agent({ keepAlive: true }))
    expect(complete).toBe(false)
    expect(body.length).toBeGreaterThan(0)
    expect(body.length).toBeLessThan(Number(response.headers['content-length']))
  })

  test('cuts the text but not the transfer', async () => {
    const { body, complete } = await answerTo({ fault: 'cut' })
    expect(complete).toBe(true)
    expect(body.toString()).toMatch(/^\{"code":2,/)
    expect(() => JSON.parse(body.toString())).toThrow(SyntaxError)
  })

  test('answers with HTML, with nothing, with bad UTF-8', async () => {
    const html = await answerTo({ fault: 'html' })
    expect(html.response.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(html.body.toString()).toMatch(/^<!doctype html>/)
    expect((await answerTo({ fault: 'empty' })).body).toHaveLength(0)
    const { body } = await answerTo({ fault: 'badUtf8' })
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(body)).toThrow(TypeError)
    expect(JSON.parse(body.toString())).toMatchObject({ code: 2, result: { status: 'SUCCESS' } })
  })

  test.each(['json', 'xml'] as const)('answers over 64 KiB of valid %s', async format => {
    const { body, response } = await answerTo({ fault: 'huge', format })
    expect(body).toHaveLength(70 * 1024)
    expect(response.headers['content-length']).toBeUndefined()
    expect(body.toString()).toContain('SUCCESS')
    expect((await answerTo({ fault: 'huge', sizeBytes: 1_000_000, format })).body).toHaveLength(1_000_000)
  })

  test('compresses unasked, up to a bomb', async () => {
    const { body, response } = await answerTo({ fault: 'gzip', sizeBytes: 5_000_000 })
    expect(response.headers['content-encoding']).toBe('gzip')
    expect(body.length).toBeLessThan(10_000)
    expect(gunzipSync(body)).toHaveLength(5_000_000)
  })

  test.each([500, 502, 503, 504])('answers HTTP %d', async http => {
    const { response, body } = await answerTo({ http })
    expect(response.statusCode).toBe(http)
    expect(body.toString()).toMatch(/^<!doctype html>/)
    expect(upstream.calls).toMatchObject([{ code: null, answer: `http ${http}` }])
  })

  test('answers 429 with Retry-After', async () => {
    const { response } = await answerTo({ http: 429, retryAfter: '-1' })
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '-1'])
  })

  test('puts a verdict into an error page where the step names a code', async () => {
    const { response, body } = await answerTo({ http: 500, code: 2 })
    expect(response.statusCode).toBe(500)
    expect(JSON.parse(body.toString())).toMatchObject({ result: { status: 'SUCCESS' } })
  })

  test('redirects', async () => {
    const { response } = await answerTo({ redirect: 'http://127.0.0.2:1/elsewhere' })
    expect([response.statusCode, response.headers.location]).toEqual([302, 'http://127.0.0.2:1/elsewhere'])
    expect(upstream.calls).toMatchObject([{ answer: 'redirect' }])
  })

  test('sends any body under any header', async () => {
    const headers = { 'content-type': 'text/plain', date: 'yesterday' }
    const { response, body } = await answerTo({ body: '[[[[', headers })
    expect(response.headers).toMatchObject(headers)
    expect(body.toString()).toBe('[[[[')
  })

  test('answers 404 beside the path, 405 to other methods', async () => {
    expect((await get(`${upstream.origin}/idcard/idface/Submit.json`)).response.statusCode).toBe(404)
    const call = httpRequest(upstream.url, { agent: false, method: 'PUT' })
    const response = await new Promise<IncomingMessage>(resolve => call.on('response', resolve).end())
    response.resume()
    expect(response.statusCode).toBe(405)
  })
})
