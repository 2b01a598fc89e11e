import { describe, expect, test } from 'vitest'
import type { Step } from '../../src/simulator/script.ts'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage, soon } from './stage.ts'

const FAULTS: { name: string; step: Step; code?: number; timeout?: string }[] = [
  { name: 'code 0', step: { code: 0 }, code: 0 },
  { name: 'code 1', step: { code: 1 }, code: 1 },
  { name: 'a reset', step: { fault: 'reset' } },
  { name: 'silence', step: { fault: 'hang' }, timeout: '400ms' },
  { name: 'a cut answer', step: { fault: 'cut' } },
  { name: 'bytes that are not UTF-8', step: { fault: 'badUtf8' } },
  { name: 'a huge body', step: { fault: 'huge' } },
  { name: 'an answer later than the time limit', step: { status: 'FAIL', delayMs: 700 }, timeout: '400ms' },
  { name: 'HTTP 500', step: { http: 500 } },
  { name: 'HTTP 500 with a verdict in it', step: { http: 500, code: 2, status: 'FAIL' } },
]

describe.concurrent('a call that says nothing about the person', () => {
  test.each(FAULTS)('is made again, and there is one verdict: after $name', async ({ step, code, timeout = '5s' }) => {
    await using stage = await openStage({ UPSTREAM_TIMEOUT: timeout })
    const { api, upstream } = stage
    const { id, idcardid } = await stage.register({ steps: [step, step], status: 'SUCCESS', format: 'json' })
    await upstream.waitFor(2)
    await api.until(id, one => one.polls >= 1)
    const { polling, account } = await api.explain(id)
    if (polling.lastAnswer !== 'verdict')
      expect(polling).toMatchObject({ lastAnswer: 'transient', code: code ?? null, status: null })
    expect(account).toMatchObject({ paused: false })

    const delivery = await stage.delivery(id)
    expect(bodyOf(delivery)).toMatchObject({ type: 'idface.succeeded', data: { similarity: '100' } })
    await api.until(id, one => one.delivery.state === 'delivered')
    // With a short time limit a busy machine may add a call.
    const calls = upstream.callsOf(idcardid).length
    expect(calls).toBeGreaterThanOrEqual(3)
    const { polls, ...ended } = await api.find(id)
    if (timeout === '5s') expect({ calls, polls }).toEqual({ calls: 3, polls: 3 })
    expect(ended).toMatchObject({ status: 'succeeded', delivery: { attempts: 1 } })
    expect(stage.receiver.received).toHaveLength(1)
  })

  test.each<Step>([{ fault: 'reset' }, { code: 0 }, { code: 1 }, { body: '{"code":2,"result":[]}' }])(
    'ends no registration at its deadline: %j',
    async step => {
      await using stage = await openStage()
      const { api, upstream } = stage
      const expiresAt = soon()
      const { id, idcardid } = await stage.register(step, { expiresAt })
      await upstream.waitFor(calls => calls.some(call => call.at > Date.parse(expiresAt) + 100))
      expect(await api.find(id)).toMatchObject({ status: 'pending', reason: null })
      upstream.script(idcardid, { status: 'SUCCESS' })
      expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    },
  )

  test('is backed off from for a minute and more where the code is in no table, and told once', async () => {
    await using stage = await openStage()
    const { api, upstream } = stage
    const one = await stage.register({ code: 4999 })
    const other = await stage.register({ code: 4999, format: 'xml' })
    for (const { id } of [one, other]) {
      const waiting = await api.until(id, registration => registration.polls === 1)
      expect(Date.parse(waiting.nextPollAt ?? '') - Date.now()).toBeGreaterThan(55_000)
      expect(waiting.status).toBe('pending')
      expect((await api.explain(id)).polling).toMatchObject({ lastAnswer: 'transient', code: 4999 })
    }
    expect(stage.service.log.filter(line => line.event === 'upstream.unknown_code')).toHaveLength(1)
    expect(await stage.admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false })
    upstream.script(one.idcardid, { status: 'SUCCESS' })
    expect((await api.poll(one.id)).status).toBe(202)
    expect(bodyOf(await stage.delivery(one.id)).type).toBe('idface.succeeded')
  })
})

describe.concurrent('an upstream that asks for time', () => {
  test.each([429, 503])('by HTTP %d and Retry-After is left alone that long', async http => {
    await using stage = await openStage()
    const { api, upstream, service } = stage
    const { id } = await stage.register({ steps: [{ http, retryAfter: '1' }], status: 'SUCCESS' })
    await api.until(id, one => one.polls >= 1)
    const { polling, status } = await api.explain(id)
    // A busy machine may look only after the second call.
    if (polling.polls === 1)
      expect({ ...polling, status }).toMatchObject({ lastAnswer: 'throttled', code: null, status: 'pending' })
    const other = await stage.register({ status: 'FAIL' })
    await stage.delivery(id)
    await stage.delivery(other.id)
    const told = (event: string) => service.log.filter(line => line.event === event)
    expect(told('poll.answered').map(({ kind }) => kind)).toEqual(['throttled', 'verdict', 'verdict'])
    expect(told('account.throttled')).toHaveLength(1)
    const allowedAt = Date.parse(String(told('account.throttled')[0]?.allowedAt))
    const [first, ...later] = upstream.calls.map(call => call.at)
    expect(allowedAt).toBeGreaterThanOrEqual((first ?? 0) + 1_000)
    expect(Math.min(...later)).toBeGreaterThanOrEqual(allowedAt)
    expect(later).toHaveLength(2)
  })
})

describe('an upstream that asks for fewer calls', () => {
  test.each([4081, 4085])('with code %d gets half the rate, and nobody is charged for it', async code => {
    await using stage = await openStage({ UPSTREAM_RATE: '20' })
    stage.upstream.account(ACCOUNT.apiId, { code, times: 1 })
    const registered = await Promise.all(Array.from({ length: 10 }, () => stage.register({ status: 'SUCCESS' })))
    const calls = await stage.upstream.waitFor(11)
    expect(calls[0]).toMatchObject({ code })
    // At 20 a second there are 50 ms between two calls; at half of it, which begins to grow at once, nearly 100; at a quarter 200.
    const spentMs = (calls[10]?.at ?? 0) - (calls[2]?.at ?? 0)
    expect(spentMs / 8).toBeGreaterThan(65)
    expect(spentMs / 8).toBeLessThan(180)
    for (const { id } of registered) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    expect(await stage.admin.account(ACCOUNT.apiId)).toMatchObject({ rate: 20, paused: false, reason: null })
  })

  test('by 429 without Retry-After gets half the rate', async () => {
    await using stage = await openStage({ UPSTREAM_RATE: '20' })
    stage.upstream.account(ACCOUNT.apiId, { http: 429, times: 1 })
    await Promise.all(Array.from({ length: 8 }, () => stage.register({ status: 'SUCCESS' })))
    const calls = await stage.upstream.waitFor(9)
    expect(((calls[8]?.at ?? 0) - (calls[2]?.at ?? 0)) / 6).toBeGreaterThan(65)
  })
})
