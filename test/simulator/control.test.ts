import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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

  beforeEach(async () => {
    upstream = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => 0 })
  })
  afterEach(() => upstream.close())

  test('scripts a serial and tells what was asked about it', async () => {
    expect(await post('/_script', { idcardid: '1', steps: [{ code: 4061 }], status: 'FAIL' })).toEqual({
      status: 204,
      text: '',
    })
    await askFor(upstream.url, '1')
    await askFor(upstream.url, '2')
    expect((await askFor(upstream.url, '1')).json.result).toMatchObject({ status: 'FAIL' })
    expect(await callsAt('/_calls?idcardid=1')).toMatchObject({ data: [{ code: 4061 }, { code: 2, answer: '2 FAIL' }] })
    expect(await callsAt('/_calls')).toMatchObject({ data: [{}, { idcardid: '2' }, {}] })
  })

  test('takes no request that a web page could send unasked', async () => {
    expect((await post('/_script', { idcardid: '1' }, 'text/plain')).status).toBe(415)
  })
})
