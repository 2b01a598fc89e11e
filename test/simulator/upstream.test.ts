import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { ACCOUNT, agent, askFor } from './ask.ts'

describe('upstream simulator', () => {
  let now = 0
  let upstream: Awaited<ReturnType<typeof openUpstreamSimulator>>
  const askSerial = (idcardid = '1') => askFor(upstream.url, idcardid)
  const codesOf = async (count: number): Promise<unknown[]> => {
    const codes: unknown[] = []
    for (let i = 0; i < count; i++) codes.push((await askSerial()).json.code)
    return codes
  }

  beforeAll(async () => {
    upstream = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => now })
  })
  afterEach(() => {
    now = 0
    upstream.reset()
  })
  afterAll(async () => {
    await upstream.close()
    await agent.close()
  })

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

  test('gives the XML a namespace and escapes its texts', async () => {
    upstream.script('1', { format: 'xml', code: 1, msg: '<&>', namespace: 'http://x/' })
    expect((await askSerial()).text).toContain(
      '<GetResultResult xmlns="http://x/"><code>1</code><msg>&lt;&amp;&gt;</msg></GetResultResult>',
    )
  })

  test('passes from one status to the next as time goes', async () => {
    upstream.script('1', { afterMs: 3_000, before: ['INIT', 'SCAN', 'ING'], status: 'FAIL', similarity: '12.5' })
    const results: unknown[] = []
    for (now of [0, 999, 1_000, 2_999, 3_000, 9_000]) results.push((await askSerial()).json.result)
    expect(results).toMatchObject([
      { status: 'INIT' },
      { status: 'INIT' },
      { status: 'SCAN' },
      { status: 'ING', similarity: '' },
      { status: 'FAIL', similarity: '12.5', message: '认证失败' },
      { status: 'FAIL' },
    ])
  })

  test('waits on while a clock that was set back has not caught up', async () => {
    now = 10_000
    upstream.script('1', { afterMs: 1_000 })
    now = 0
    expect((await askSerial()).json.result).toMatchObject({ status: 'ING' })
  })

  test('sends scores, messages and statuses as they are scripted', async () => {
    upstream.script('1', { status: 'ODD', message: '说明', livingScore: 95.25, similarity: null })
    expect((await askSerial()).json.result).toEqual({
      status: 'ODD',
      message: '说明',
      livingScore: 95.25,
      similarity: null,
    })
  })

  test('sends the code as a string', async () => {
    upstream.script('1', { code: 4061, codeAsString: true })
    expect((await askSerial()).json.code).toBe('4061')
  })

  test.each([
    ['missing', '{"code":2,"msg":"查询成功"}'],
    ['array', '{"code":2,"msg":"查询成功","result":[]}'],
    ['string', '{"code":2,"msg":"查询成功","result":""}'],
    ['null', '{"code":2,"msg":"查询成功","result":null}'],
  ] as const)('sends a result that is of no use: %s', async (result, text) => {
    upstream.script('1', { result })
    expect((await askSerial()).text).toBe(text)
  })

  test('answers codes in their order and then the script', async () => {
    upstream.script('1', { codes: [4061, 4061, 2], code: 1, status: 'ING' })
    expect(await codesOf(5)).toEqual([4061, 4061, 2, 1, 1])
  })

  test('gives a default script to each serial from its first call on', async () => {
    upstream.setDefault({ afterMs: 1_000 })
    await askSerial('1')
    now = 1_000
    expect((await askSerial('1')).json.result).toMatchObject({ status: 'SUCCESS' })
    expect((await askSerial('2')).json.result).toMatchObject({ status: 'ING' })
  })

  test('answers for a whole account, for so many calls', async () => {
    upstream.setDefault({ status: 'ING' })
    upstream.account(ACCOUNT.apiId, { code: 4052, times: 2 })
    expect(await codesOf(3)).toEqual([4052, 4052, 2])
  })

  test('answers for a whole account until told to stop', async () => {
    upstream.account(ACCOUNT.apiId, { code: 4050 })
    expect(await codesOf(2)).toEqual([4050, 4050])
    upstream.account(ACCOUNT.apiId, null)
    expect(await codesOf(1)).toEqual([4061])
  })

  test('lets a test wait for calls', async () => {
    const next = upstream.nextCall('2')
    const three = upstream.waitFor(3)
    for (const idcardid of ['1', '2', '3']) void askSerial(idcardid)
    expect(await next).toMatchObject({ idcardid: '2', code: 4061 })
    expect(await three).toHaveLength(3)
    await expect(upstream.waitFor(9, { timeoutMs: 1 })).rejects.toThrow('waited 1 ms for a call, have 3')
  })

  test('closes while answers are pending', async () => {
    const other = await openUpstreamSimulator({
      accounts: [ACCOUNT],
      now: () => now,
      defaultScript: { delayMs: 60_000 },
    })
    const call = other.nextCall()
    const reply = askFor(other.url, '1').catch((error: Error) => error)
    await call
    await other.close()
    await other.close()
    expect(await reply).toBeInstanceOf(Error)
  })
})
