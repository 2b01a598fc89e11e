import { expect, test } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import { intervalAfter } from '../../src/worker/rounds.ts'
import { CONCURRENCY, failed, messageOf, NOW, OK, openScene } from './support/deliverer-scene.ts'

test('signs and sends what it claims, decides, and records under the claim', async () => {
  const { deliverer, clock, round, answer, attempts, settled } = openScene()
  const [one, two] = [messageOf(1), messageOf(2, { attempts: 3, retries: 1 })]
  expect(await round(one, two)).toEqual({ claimed: 2, nextAt: NOW + 9, waits: false })
  expect(attempts()).toMatchObject([
    { partnerId: 'partner_1', url: 'https://a.example/hook', body: one.body, headers: { 'webhook-id': 'msg_1' } },
    { headers: { 'webhook-id': 'msg_2', 'webhook-attempt': '4' } },
  ])
  expect(attempts()[0]?.headers['webhook-signature']).toMatch(/^v1,/)
  await clock.advance(12)
  await answer(1, OK)
  await answer(2, { ...OK, httpStatus: 500 })
  await deliverer.whenIdle()
  const recorded = { hostSignal: 'answers', attempt: { at: NOW, durationMs: 12, responseExcerpt: 'ok' } }
  expect(settled).toMatchObject([
    { ...recorded, message: { seq: 1, claim: 7 }, step: { state: 'delivered', dueAt: null } },
    { ...recorded, message: { seq: 2, claim: 7 }, step: { state: 'exhausted', dueAt: null } },
  ])
  expect(settled.map(({ attempt }) => attempt?.origin)).toEqual(['first', 'retry'])
})

test('a round that claims nothing of what is due goes on when a slot is free', async () => {
  expect(await openScene().round()).toEqual({ claimed: 0, nextAt: NOW + 9, waits: true })
})

test('a claim whose answer comes after its lease has ended is not sent: another claim may have its messages', async () => {
  const { clock, round, holdClaims, claims, sending } = openScene()
  const release = holdClaims()
  const late = round(messageOf(1))
  await clock.advance(Number(claims[0]?.leaseMs))
  await release()
  expect(intervalAfter(await late, clock.now(), NOW)).toBe(0)
  expect(sending()).toEqual([])
})

test('Retry-After of a busy receiver moves the next attempt later', async () => {
  const { deliverer, round, answer, settled } = openScene()
  await round(messageOf(1))
  await answer(1, { ...OK, httpStatus: 429, retryAfter: '36000' })
  await deliverer.whenIdle()
  expect(settled).toMatchObject([{ step: { state: 'pending', dueAt: NOW + 36_000 * SECOND } }])
})

test('a slot is free as soon as its attempt has ended, before it is recorded', async () => {
  const { round, answer, claims, happened, holdRecords } = openScene()
  const record = holdRecords()
  await round(messageOf(1), messageOf(2))
  await answer(1, OK)
  expect(happened).toEqual(['free', 'delivered'])
  await round()
  const busy = { busyHosts: new Map([['a.example', 1]]), busyPartners: new Map([['partner_1', 1]]) }
  expect(claims.at(-1)).toMatchObject({ slots: CONCURRENCY - 1, ...busy })
  await record()
  expect(happened.at(-1)).toBe('recorded')
})

test('claims no more while too many outcomes cannot be recorded', async () => {
  const { deliverer, round, answer, claims, holdRecords } = openScene()
  const record = holdRecords()
  for (let seq = 0; claims.at(-1)?.slots !== 1; seq++) {
    await round(messageOf(seq, { host: `${seq}.example` }))
    await answer(seq, OK)
  }
  await round(messageOf(1_000_000))
  const claimed = claims.length
  expect(await round()).toEqual({ claimed: 0, nextAt: null, waits: true })
  expect(claims).toHaveLength(claimed)
  await answer(1_000_000, OK)
  await record()
  await deliverer.whenIdle()
  await round()
  expect(claims.at(-1)).toMatchObject({ slots: CONCURRENCY })
})

test('an attempt that throws frees its slot and leaves the row to its lease', async () => {
  const send = async () => {
    throw new Error('a bug')
  }
  const { deliverer, round, settled, happened, claims } = openScene({ sender: { send } })
  await round(messageOf(1))
  await deliverer.whenIdle()
  expect(happened).toEqual(['free', 'delivery.failed'])
  expect(settled).toEqual([])
  await round()
  expect(claims.at(-1)).toMatchObject({ slots: CONCURRENCY, busyHosts: new Map() })
})

test.each([
  ['timeout', 'hangs'],
  ['connect_timeout', 'hangs'],
  ['refused', null],
  ['tls', null],
] as const)('an attempt that failed as %s shows of its host: %s', async (error, hostSignal) => {
  const { deliverer, round, answer, settled } = openScene()
  await round(messageOf(1))
  await answer(1, failed(error))
  await deliverer.whenIdle()
  expect(settled).toMatchObject([{ hostSignal, step: { state: 'pending', retries: 1 } }])
})

test('what could not be sent for a shortage here is due again soon, and no attempt is recorded', async () => {
  const { deliverer, round, answer, settled, happened } = openScene({ random: () => 0.5 })
  await round(messageOf(1, { claim: 1, retries: 2 }))
  await answer(1, failed('local'))
  await deliverer.whenIdle()
  expect(settled).toMatchObject([
    { attempt: null, hostSignal: null, step: { state: 'pending', dueAt: NOW + SECOND, retries: 2, gone: false } },
  ])
  expect(happened).toContain('not_sent')
})

test('a failure of our own proxy uses up no retry, and the message is tried again later each time', async () => {
  const { deliverer, round, answer, settled } = openScene({ random: () => 0.5 })
  await round(messageOf(1, { retries: 2, claim: 1 }), messageOf(2, { retries: 2, claim: 6 }))
  for (const seq of [1, 2]) await answer(seq, failed('proxy_down'))
  await deliverer.whenIdle()
  expect(settled).toMatchObject(
    [1, 32].map(seconds => ({
      attempt: null,
      step: { state: 'pending', dueAt: NOW + seconds * SECOND, retries: 2 },
    })),
  )
})

test('a claim is told what counts for the shares of slow lanes and of unproven ones', async () => {
  const { round, claims, answer } = openScene()
  await round(messageOf(1, { slow: true, proven: false, laneId: 3 }), messageOf(2, { proven: false }), messageOf(3))
  await round()
  const [busySlow, busyUnproven] = [new Map([[3, 1]]), new Map([['partner_1', 1]])]
  expect(claims.at(-1)).toMatchObject({ concurrency: CONCURRENCY, busySlow, busyUnproven })
  for (const seq of [1, 2]) await answer(seq, failed('timeout'))
  await round()
  expect(claims.at(-1)).toMatchObject({ busySlow: new Map(), busyUnproven: new Map() })
})
