import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { dynamicPassword } from '../../src/upstream/upstream.ts'
import {
  API_ID,
  API_KEY,
  type Asked,
  accountWith,
  NOW,
  openClient,
  SERIAL,
  serveAnswers,
  serveRaw,
} from './loopback.ts'

const WAITING = '{"code":2,"msg":"查询成功","result":{"status":"ING"}}'
const waiting = { kind: 'waiting', code: 2, status: 'ING' }

const paramsOf = (asked: Asked | undefined) => Object.fromEntries(asked?.params ?? [])

const signedAt = (time: number) => ({
  account: API_ID,
  password: dynamicPassword({ apiId: API_ID, apiKey: API_KEY, time }),
  idcardid: SERIAL,
  time: `${time}`,
})

describe('a call', () => {
  test('is a form POST signed with the present second', async () => {
    const { url, asked } = await serveAnswers(response => response.end(WAITING))
    expect(await openClient(url).ask(accountWith(), SERIAL)).toEqual(waiting)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/idcard/idface/GetResult.json' })
    expect(asked[0]?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'idface-notifier/test',
    })
    expect(asked[0]?.headers).not.toHaveProperty('accept-encoding')
    expect(paramsOf(asked[0])).toEqual(signedAt(NOW / 1000))
  })

  test('U13 of one account does not wait for the hanging calls of another', async () => {
    const { url } = await serveAnswers((response, { params }) => {
      if (params.get('account') !== 'hangs') response.end(WAITING)
    })
    const client = openClient(url, { timeoutMs: 300 })
    const hanging = client.ask(accountWith({ id: 'acc_2', apiId: 'hangs' }), SERIAL)
    expect(await client.ask(accountWith(), SERIAL)).toEqual(waiting)
    expect(await hanging).toEqual({ kind: 'transient', code: null, cause: 'timeout' })
  })
})

describe('the clock', () => {
  /** Accepts signatures of the last minute by a clock that is `aheadMs` off ours. */
  const serveClock = (aheadMs: number, code = 40501) =>
    serveAnswers((response, { params }) => {
      const theirs = NOW + aheadMs
      const time = Number(params.get('time'))
      const fresh = Math.abs(time - theirs / 1000) <= 60
      const signed = params.get('password') === dynamicPassword({ apiId: API_ID, apiKey: API_KEY, time })
      response.setHeader('date', new Date(theirs).toUTCString())
      response.end(fresh && signed ? WAITING : `{"code":${code},"msg":"动态密码已过期"}`)
    })

  const YEAR = 365 * 86_400_000

  test.each([
    [40501, 10 * 60_000],
    [40501, -10 * 60_000],
    [40502, YEAR],
    [40501, -YEAR],
  ])('U17 is learnt from Date when code %i refuses ours, %i ms off, and used from then on', async (code, aheadMs) => {
    const { url, asked } = await serveClock(aheadMs, code)
    const client = openClient(url)
    expect(client.skewMs('acc_1')).toBe(0)
    expect(await client.ask(accountWith(), SERIAL)).toEqual(waiting)
    expect(client.skewMs('acc_1')).toBe(aheadMs)
    expect(await client.ask(accountWith(), SERIAL)).toEqual(waiting)
    const ours = NOW / 1000
    const theirs = (NOW + aheadMs) / 1000
    expect(asked.map(({ params }) => Number(params.get('time')))).toEqual([ours, theirs, theirs])
  })

  test.each([3_000, -90_000, 0])('%i ms ahead is told by any answer, to within a second', async aheadMs => {
    const { url } = await serveClock(aheadMs)
    const client = openClient(url)
    expect(client.clockAheadMs()).toBeNull()
    await client.ask(accountWith({ passwordMode: 'static' }), SERIAL)
    expect(Math.abs((client.clockAheadMs() ?? Number.NaN) - aheadMs)).toBeLessThanOrEqual(1_000)
  })

  test.each([
    [40501, 40501, 'clock'],
    [40502, 40502, 'password_refused'],
    [40501, 40502, 'password_refused'],
    [40502, 40501, 'clock'],
  ])('refused with %i and then %i is an account fault after exactly one retry', async (first, second, fault) => {
    const { url, asked } = await serveAnswers(response => {
      response.setHeader('date', new Date(NOW + YEAR).toUTCString())
      response.end(`{"code":"${asked.length === 1 ? first : second}"}`)
    })
    const client = openClient(url)
    expect(await client.ask(accountWith(), SERIAL)).toEqual({ kind: 'account', code: second, fault })
    expect(asked).toHaveLength(2)
    for (const { params } of asked) expect(params.get('password')).toMatch(/^[0-9a-f]{32}$/)
    // The Date did not help, so it may be bogus: the next try starts from our own clock again.
    expect(client.skewMs('acc_1')).toBe(0)
  })
})

describe('closing', () => {
  test('ends the call in flight as an answer, and may be repeated', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>()
    const { url } = await serveAnswers(resolve)
    const client = openClient(url)
    const answer = client.ask(accountWith(), SERIAL)
    const response = await asked
    client.close()
    client.close()
    expect(await answer).toEqual({ kind: 'transient', code: null, cause: 'unreachable' })
    await once(response, 'close')
  })
})

describe('U5 credentials', () => {
  const everythingIn = (value: unknown) => inspect(value, { depth: null, showHidden: true }) + JSON.stringify(value)

  test.each(['POST', 'GET'] as const)('are in no answer, whatever upstream echoes, by %s', async method => {
    const { url, asked } = await serveAnswers((response, { params }) => {
      if (asked.length === 1) response.end(`{"code":405,"msg":"${params}"}`)
      else if (asked.length === 2) response.writeHead(401).end(`${params}`)
      else if (asked.length === 3) response.end(`<html>${params}`)
      else response.socket?.resetAndDestroy()
    })
    const client = openClient(url, { method })
    for (let call = 0; call < 4; call++) {
      const answer = await client.ask(accountWith({ passwordMode: 'static' }), SERIAL)
      expect(everythingIn(answer)).not.toMatch(/MARK/)
    }
    expect(asked).toHaveLength(4)
  })

  test('are in no error: asking after close is a bug and says only so', async () => {
    const url = await serveRaw(socket => socket.destroy())
    const client = openClient(url, { method: 'GET' })
    const account = accountWith({ passwordMode: 'static' })
    await client.ask(account, SERIAL)
    client.close()
    const error: unknown = await client.ask(account, SERIAL).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: 'asked GetResult after close' })
    expect(everythingIn(error)).not.toMatch(/MARK|GetResult\.json/)
  })
})
