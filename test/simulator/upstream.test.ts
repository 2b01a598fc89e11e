import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { ACCOUNT, askFor } from './ask.ts'

describe('upstream simulator', () => {
  let now = 0
  let upstream: Awaited<ReturnType<typeof openUpstreamSimulator>>
  const askSerial = (idcardid = '1') => askFor(upstream.url, idcardid)
  const codesOf = async (count: number): Promise<unknown[]> => {
    const codes: unknown[] = []
    for (let i = 0; i < count; i++) codes.push((await askSerial()).json.code)
    return codes
  }

  beforeEach(async () => {
    now = 0
    upstream = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => now })
  })
  afterEach(() => upstream.close())

  test('does not know a serial that was not scripted', async () => {
    expect((await askSerial()).text).toBe('{"code":4061,"msg":"数据不存在"}')
  })

  test("answers in the vendor's JSON", async () => {
    upstream.script('1', { status: 'SUCCESS' })
    const reply = await askSerial()
    expect(reply.text).toBe(
      '{"code":2,"msg":"查询成功","result":{"status":"SUCCESS","message":"认证成功","livingScore":"","similarity":"100"}}',
    )
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test("answers in the vendor's XML", async () => {
    upstream.script('1', { format: 'xml' })
    const reply = await askSerial()
    expect(reply.text).toBe(
      '<?xml version="1.0" encoding="utf-8"?><GetResultResult><code>2</code><msg>查询成功</msg><result><status>SUCCESS</status><message>认证成功</message><livingScore></livingScore><similarity>100</similarity></result></GetResultResult>',
    )
    expect(reply.headers['content-type']).toBe('text/xml; charset=utf-8')
  })

  test('passes from ING to its end as time goes', async () => {
    upstream.script('1', { afterMs: 3_000, status: 'FAIL', similarity: '12.5' })
    const results: unknown[] = []
    for (now of [0, 2_999, 3_000]) results.push((await askSerial()).json.result)
    expect(results).toMatchObject([
      { status: 'ING' },
      { status: 'ING', similarity: '' },
      { status: 'FAIL', similarity: '12.5', message: '认证失败' },
    ])
  })

  test('hides a serial for a while, and tells a verdict once where it is told to', async () => {
    upstream.script('1', { hiddenMs: 1_000, afterMs: 2_000, once: true })
    const told: unknown[] = []
    for (now of [0, 1_000, 2_000, 2_001]) {
      const { code, result } = (await askSerial()).json
      told.push(result?.status ?? code)
    }
    expect(told).toEqual([4061, 'ING', 'SUCCESS', 4061])
  })

  test('refuses the calls of an account above so many a second', async () => {
    upstream.script('1', {})
    upstream.account(ACCOUNT.apiId, { code: 4081, above: 2 })
    expect(await codesOf(4)).toEqual([2, 2, 4081, 4081])
    now = 1_000
    expect(await codesOf(3)).toEqual([2, 2, 4081])
  })

  test('answers steps in their order and then the script', async () => {
    upstream.script('1', { steps: [{ code: 4061 }, { code: 2 }], code: 1 })
    expect(await codesOf(4)).toEqual([4061, 2, 1, 1])
  })
})
