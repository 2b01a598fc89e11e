import { request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { ACCOUNT, agent, askFor } from './ask.ts'

describe('control surface', () => {
  let upstream: Awaited<ReturnType<typeof openUpstreamSimulator>>
  const post = async (path: string, body: unknown, type = 'application/json') => {
    const init = { dispatcher: agent, headers: { 'content-type': type }, body: JSON.stringify(body) }
    const response = await request(`${upstream.origin}${path}`, { method: 'POST', ...init })
    return { status: response.statusCode, text: await response.body.text() }
  }
  const callsAt = async (path: string) =>
    (await request(`${upstream.origin}${path}`, { dispatcher: agent })).body.json()

  beforeAll(async () => {
    upstream = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => 0 })
  })
  afterEach(() => upstream.reset())
  afterAll(async () => {
    await upstream.close()
    await agent.close()
  })

  test('scripts a serial and tells what was asked about it', async () => {
    expect(await post('/_script', { idcardid: '1', codes: [4061], status: 'FAIL' })).toEqual({ status: 204, text: '' })
    await askFor(upstream.url, '1')
    await askFor(upstream.url, '2')
    expect((await askFor(upstream.url, '1')).json.result).toMatchObject({ status: 'FAIL' })
    expect(await callsAt('/_calls?idcardid=1')).toMatchObject({ data: [{ code: 4061 }, { code: 2, answer: '2 FAIL' }] })
    expect(await callsAt('/_calls')).toMatchObject({ data: [{}, { idcardid: '2' }, {}] })
  })

  test('scripts an account and ends that', async () => {
    await post('/_account', { apiId: ACCOUNT.apiId, code: 405 })
    expect((await askFor(upstream.url, '1')).json.code).toBe(405)
    const ended = await request(`${upstream.origin}/_account?apiId=${ACCOUNT.apiId}`, {
      method: 'DELETE',
      dispatcher: agent,
    })
    expect(ended.statusCode).toBe(204)
    expect((await askFor(upstream.url, '1')).json.code).toBe(4061)
  })

  test('moves the clock, and forgets everything', async () => {
    await post('/_script', { idcardid: '1' })
    await post('/_clock', { skewMs: 5_000 })
    expect((await askFor(upstream.url, '1')).headers.date).toBe('Thu, 01 Jan 1970 00:00:05 GMT')
    await post('/_reset', {})
    const reply = await askFor(upstream.url, '1')
    expect([reply.headers.date, reply.json.code]).toEqual(['Thu, 01 Jan 1970 00:00:00 GMT', 4061])
    expect(upstream.calls).toHaveLength(1)
  })

  test('says what is wrong with a script', async () => {
    const { status, text } = await post('/_script', { idcardid: '1', fault: 'earthquake', colour: 'red' })
    expect(status).toBe(400)
    expect(text).toContain('fault')
    expect(text).toContain('colour')
    expect((await post('/_script', { code: 1 })).text).toContain('idcardid')
  })

  test('takes no request that a web page could send unasked', async () => {
    expect((await post('/_script', { idcardid: '1' }, 'text/plain')).status).toBe(415)
    expect((await post('/_reset', {}, 'text/plain')).status).toBe(415)
  })
})
