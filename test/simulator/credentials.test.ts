import { request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { ACCOUNT, agent, ask } from './ask.ts'

// The vendor's sample: md5("test" + key + "idface" + "1451544941").
const SAMPLE = { account: 'test', password: '3d8f1183071ecd04e4dd9c696dcdbdfb', time: '1451544941' }
const SAMPLE_AT = 1_451_544_941_000
const OTHER_PASSWORD = 'e3c1c51c111f3456ac148eaf58700b4d'

describe('credentials', () => {
  let now = SAMPLE_AT
  let upstream: Awaited<ReturnType<typeof openUpstreamSimulator>>
  const codeOf = async (parameters: Record<string, string>, method: 'POST' | 'GET' = 'POST') =>
    (await ask(upstream.url, parameters, method)).json.code

  beforeAll(async () => {
    upstream = await openUpstreamSimulator({
      accounts: [ACCOUNT, { apiId: 'xxxxxxxx', apiKey: 'xxxxxxxxx' }],
      now: () => now,
      defaultScript: { status: 'ING' },
    })
  })
  afterEach(() => {
    now = SAMPLE_AT
    upstream.reset()
  })
  afterAll(async () => {
    await upstream.close()
    await agent.close()
  })

  test.each(['POST', 'GET'] as const)('takes the static password by %s', async method => {
    expect(await codeOf({ account: 'test', password: ACCOUNT.apiKey, idcardid: '1' }, method)).toBe(2)
    expect(upstream.calls).toMatchObject([
      {
        idcardid: '1',
        apiId: 'test',
        method,
        at: SAMPLE_AT,
        passwordMode: 'static',
        time: null,
        code: 2,
        answer: '2 ING',
      },
    ])
  })

  test.each(['POST', 'GET'] as const)("takes the vendor's sample of a dynamic password by %s", async method => {
    expect(await codeOf({ ...SAMPLE, idcardid: '1' }, method)).toBe(2)
    expect(upstream.calls).toMatchObject([{ passwordMode: 'dynamic', time: '1451544941', code: 2 }])
  })

  test("takes the vendor's other sample, of 8 and 9 x", async () => {
    now = 1_623_643_787_000
    const password = 'e3c1c51c111f3456ac148eaf58700b4d'
    expect(await codeOf({ account: 'xxxxxxxx', password, time: '1623643787', idcardid: '1' })).toBe(2)
  })

  test.each([
    ['no account', { password: 'x', idcardid: '1' }, 401],
    ['no password', { account: 'test', idcardid: '1' }, 402],
    ['an unknown account', { account: 'nobody', password: ACCOUNT.apiKey, idcardid: '1' }, 405],
    ['a wrong static password', { account: 'test', password: 'wrong', idcardid: '1' }, 405],
    ['a dynamic password without its time', { account: 'test', password: SAMPLE.password, idcardid: '1' }, 405],
    ['a dynamic password that does not fit', { ...SAMPLE, password: OTHER_PASSWORD, idcardid: '1' }, 40502],
    ['a dynamic password in capitals', { ...SAMPLE, password: SAMPLE.password.toUpperCase(), idcardid: '1' }, 40502],
    ['the key itself with a time', { ...SAMPLE, password: ACCOUNT.apiKey, idcardid: '1' }, 40502],
    ['a time in milliseconds', { ...SAMPLE, time: '1451544941000', idcardid: '1' }, 40501],
    ['a time of 11 digits', { ...SAMPLE, time: '01451544941', idcardid: '1' }, 40501],
    ['no serial', { ...SAMPLE }, 4060],
    ['an empty serial', { ...SAMPLE, idcardid: '' }, 4060],
  ])('answers %s as documented', async (_name, parameters, code) => {
    expect(await codeOf(parameters as Record<string, string>)).toBe(code)
  })

  test('takes a time up to 60 s off, either way', async () => {
    const codes: unknown[] = []
    for (const offset of [-61_000, -60_000, 60_000, 61_000]) {
      now = SAMPLE_AT + offset
      codes.push(await codeOf({ ...SAMPLE, idcardid: '1' }))
    }
    expect(codes).toEqual([40501, 2, 2, 40501])
  })

  test('holds the time against the skewed clock that its Date header shows', async () => {
    upstream.setClockSkew(90_000)
    const late = await ask(upstream.url, { ...SAMPLE, idcardid: '1' })
    expect(late.json.code).toBe(40501)
    expect(Date.parse(String(late.headers.date))).toBe(SAMPLE_AT + 90_000)
    upstream.setClockSkew(0)
    expect(await codeOf({ ...SAMPLE, idcardid: '1' })).toBe(2)
  })

  test('keeps no password in its record', async () => {
    await codeOf({ ...SAMPLE, idcardid: '1' })
    expect(JSON.stringify(upstream.calls)).not.toContain(SAMPLE.password)
  })

  test('reads no parameters from a body that is not sent as a form', async () => {
    const body = new URLSearchParams({ ...SAMPLE, idcardid: '1' }).toString()
    const headers = { 'content-type': 'text/plain' }
    const response = await request(upstream.url, { method: 'POST', dispatcher: agent, headers, body })
    expect(await response.body.json()).toMatchObject({ code: 401 })
  })
})
