import { expect, test, vi } from 'vitest'
import { HOOK, openApi, START } from '../support/api.ts'

const ATTEMPT = {
  at: START,
  outcome: 'rejected',
  httpStatus: 500,
  error: null,
  durationMs: 7,
  responseExcerpt: 'no',
  origin: null,
}
const failing = () => vi.fn().mockResolvedValue(ATTEMPT)

test('answers 200 with the attempt, whatever its outcome', async () => {
  const testCallback = failing()
  await using api = await openApi({ testCallback })
  const { status, json } = await api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: HOOK } })
  expect(status).toBe(200)
  expect(json).toEqual({ ...ATTEMPT, errorText: null, at: '2026-11-24T16:20:00.000Z' })
  expect(testCallback.mock.calls).toEqual([[api.partner.id, HOOK]])
})

test('sends to the normalised URL', async () => {
  const testCallback = failing()
  await using api = await openApi({ testCallback })
  await api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: 'HTTPS://Partner.example:443/a/../hook' } })
  expect(testCallback.mock.calls).toEqual([[api.partner.id, HOOK]])
})

test.each([
  { callbackUrl: null },
  { callbackUrl: 'http://partner.example/hook' },
  { callbackUrl: 'https://127.0.0.1/' },

  { callbackUrl: HOOK, idcardid: '1' },
])('refuses %j and sends nothing', async body => {
  const testCallback = failing()
  await using api = await openApi({ testCallback })
  const { status, json } = await api.call('POST', '/v1/callbacks/test', { body })
  expect([status, json.type]).toEqual([422, '/docs/problems#invalid_body'])
  expect(testCallback).not.toHaveBeenCalled()
})

test('M17: a partner may test ten callbacks at once and one a second, whatever their hosts', async () => {
  await using api = await openApi()
  let n = 0
  const send = () =>
    api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: `https://victim-${n++}.example.com/` } })
  const statusesOf = async (times: number) => {
    const statuses: number[] = []
    for (let call = 0; call < times; call++) statuses.push((await send()).status)
    return statuses
  }
  expect(await statusesOf(15)).toEqual([...Array(10).fill(200), ...Array(5).fill(429)])
  const refused = await send()
  api.clock.now += Number(refused.headers.get('retry-after')) * 1_000
  expect(await statusesOf(2)).toEqual([200, 429])
  const body = { callbackUrl: 'https://partner.example/' }
  expect((await api.call('POST', '/v1/callbacks/test', { key: api.other.key, body })).status).toBe(200)
})

test('no callback URL is judged before a partner sends one', async () => {
  const judgeUrl = vi.fn()
  await using _api = await openApi({ judgeUrl })
  expect(judgeUrl).not.toHaveBeenCalled()
})
