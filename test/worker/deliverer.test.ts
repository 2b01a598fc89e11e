import { describe, expect, test } from 'vitest'
import type { Outgoing, SendResult } from '../../src/callback/sender.ts'
import { SECOND } from '../../src/core/duration.ts'
import { Secret } from '../../src/core/secret.ts'
import type { ClaimedMessage, MessageClaimRequest, MessageOutcome, MessageSettlement } from '../../src/store/store.ts'
import { createEmit, type TelemetryEvent } from '../../src/telemetry/emit.ts'
import { createDeliverer, type DelivererDeps } from '../../src/worker/deliverer.ts'
import { createFixedClock, endOfTurn } from '../support/fixed-clock.ts'

const NOW = Date.parse('2026-11-24T16:20:00.000Z')
const CONCURRENCY = 8
const PER_HOST = 2
const OK: SendResult = { kind: 'answered', httpStatus: 200, retryAfter: null, excerpt: 'ok', durationMs: 12 }
const SECRET = new Secret(`whsec_${Buffer.alloc(24).toString('base64')}`)
const failed = (error: Extract<SendResult, { kind: 'failed' }>['error'], durationMs = 15): SendResult => ({
  kind: 'failed',
  error,
  detail: null,
  durationMs,
})

const messageOf = (seq: number, more: Partial<ClaimedMessage> = {}): ClaimedMessage => ({
  seq,
  claim: 7,
  partnerId: 'partner_1',
  registrationId: `reg_${seq}`,
  laneId: 1,
  slow: false,
  proven: true,
  host: 'a.example',
  callbackUrl: 'https://a.example/hook',
  body: Buffer.from(`{"n":${seq}}`),
  attempts: 0,
  retries: 0,
  traceparent: null,
  createdAt: NOW,
  dueAt: NOW,
  ...more,
})

/** A deliverer whose store hands out what a round is given, and whose receivers and store answer when they are told to. */
const openScene = ({ outcome = null, ...more }: Partial<DelivererDeps> & { outcome?: MessageOutcome } = {}) => {
  const clock = createFixedClock(NOW)
  const sent: { outgoing: Outgoing; answer: (result: SendResult) => void }[] = []
  const claims: MessageClaimRequest[] = []
  const settled: MessageSettlement[] = []
  const happened: string[] = []
  const announced: number[] = []
  let due: ClaimedMessage[] = []
  let claiming = Promise.resolve()
  let recording = Promise.resolve()
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const release = async () => {
      resolve()
      await endOfTurn()
    }
    return { promise, release }
  }
  const deliverer = createDeliverer({
    store: {
      now: clock.now,
      claimMessages: async claim => {
        // The maps live on; what counts is what they say now.
        claims.push(structuredClone(claim))
        await claiming
        return { messages: due.splice(0), secrets: new Map([['partner_1', [SECRET]]]), nextAt: NOW + 9 }
      },
      settleMessages: async settlements => {
        await recording
        settled.push(...settlements)
        happened.push('recorded')
        return settlements.map(() => outcome)
      },
    },
    sender: { send: outgoing => new Promise(answer => sent.push({ outgoing, answer })) },
    scheduleMs: [5 * SECOND],
    timeoutMs: 15 * SECOND,
    concurrency: CONCURRENCY,
    perHost: PER_HOST,
    random: () => 0,
    clock,
    onFree: () => happened.push('free'),
    onDue: at => announced.push(at),
    emit: (...[name, fields]) => {
      happened.push(name === 'delivery.attempted' ? `${fields.outcome} ${fields.detail ?? ''}`.trim() : name)
    },
    ...more,
  })
  const numberOf = ({ body }: Outgoing) => (JSON.parse(body.toString()) as { n: number }).n
  return {
    deliverer,
    clock,
    claims,
    settled,
    /** In order: outcomes of attempts, other events, slots that became free, settlements that were recorded. */
    happened,
    announced,
    /** What the receivers have been sent, and have not answered. */
    sending: () => sent.map(({ outgoing }) => numberOf(outgoing)),
    attempts: () => sent.map(({ outgoing }) => outgoing),
    round: (...messages: ClaimedMessage[]) => {
      due = messages
      return deliverer.round()
    },
    answer: async (seq: number, result: SendResult) => {
      const index = sent.findIndex(({ outgoing }) => numberOf(outgoing) === seq)
      sent.splice(index, 1)[0]?.answer(result)
      await endOfTurn()
    },
    /** Keeps the store from answering a claim until the function that it returns is called. */
    holdClaims: () => {
      const held = hold()
      claiming = held.promise
      return held.release
    },
    /** Keeps the store from recording until the function that it returns is called. */
    holdRecords: () => {
      const held = hold()
      recording = held.promise
      return held.release
    },
  }
}

test('signs and sends what it claims, decides, and records under the claim', async () => {
  const { deliverer, clock, round, answer, attempts, settled } = openScene()
  const [one, two] = [messageOf(1), messageOf(2, { attempts: 3, retries: 1 })]
  expect(await round(one, two)).toEqual({ claimed: 2, nextAt: NOW + 9 })
  expect(attempts()).toMatchObject([
    { partnerId: 'partner_1', url: 'https://a.example/hook', body: one.body, headers: { 'webhook-id': 'msg_1' } },
    { headers: { 'webhook-id': 'msg_2', 'webhook-attempt': '4' } },
  ])
  expect(attempts()[0]?.headers['webhook-signature']).toMatch(/^v1,/)
  await clock.advance(12)
  await answer(1, OK)
  await answer(2, { ...OK, httpStatus: 500 })
  await deliverer.whenIdle()
  const recorded = { shows: 'answers', attempt: { at: NOW, durationMs: 12, responseExcerpt: 'ok' } }
  expect(settled).toMatchObject([
    { ...recorded, message: { seq: 1, claim: 7 }, step: { state: 'delivered', dueAt: null } },
    { ...recorded, message: { seq: 2, claim: 7 }, step: { state: 'exhausted', dueAt: null } },
  ])
})

test('claims for as long as an attempt and its record take', async () => {
  const { round, claims } = openScene()
  await round()
  expect(claims).toMatchObject([{ slots: CONCURRENCY, perHost: PER_HOST, leaseMs: 20 * SECOND }])
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

test('claims nothing while every slot is taken', async () => {
  const { round, claims } = openScene({ concurrency: 2 })
  await round(messageOf(1), messageOf(2))
  expect(await round()).toEqual({ claimed: 0, nextAt: null })
  expect(claims).toHaveLength(1)
})

test('is idle once the last attempt is recorded', async () => {
  const { deliverer, round, answer, happened, holdRecords } = openScene()
  const record = holdRecords()
  await round(messageOf(1))
  void deliverer.whenIdle().then(() => happened.push('idle'))
  await answer(1, OK)
  expect(happened).not.toContain('idle')
  await record()
  expect(happened.slice(-2)).toEqual(['recorded', 'idle'])
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
] as const)('an attempt that failed as %s shows of its host: %s', async (error, shows) => {
  const { deliverer, round, answer, settled } = openScene()
  await round(messageOf(1))
  await answer(1, failed(error))
  await deliverer.whenIdle()
  expect(settled).toMatchObject([{ shows, step: { state: 'pending', retries: 1 } }])
})

test.each(['dns', 'tls', 'reset'] as const)(
  'an attempt that failed as %s, but held its slot for a second, shows that its host hangs',
  async error => {
    const { deliverer, round, answer, settled } = openScene()
    await round(messageOf(1))
    await answer(1, failed(error, SECOND))
    await deliverer.whenIdle()
    expect(settled).toMatchObject([{ shows: 'hangs' }])
  },
)

test('what could not be sent for a shortage here is due again soon, and no attempt is recorded', async () => {
  const { deliverer, round, answer, settled, happened } = openScene({ random: () => 0.5 })
  await round(messageOf(1, { claim: 1, retries: 2 }))
  await answer(1, failed('local'))
  await deliverer.whenIdle()
  expect(settled).toMatchObject([
    { attempt: null, shows: null, step: { state: 'pending', dueAt: NOW + SECOND, retries: 2, gone: false } },
  ])
  expect(happened).toContain('not_sent')
})

test('a shortage here that goes on is not tried each second without end, but each minute', async () => {
  const { deliverer, round, answer, settled } = openScene({ random: () => 0.5 })
  for (const claim of [4, 5, 90]) {
    await round(messageOf(claim, { claim, attempts: 3 }))
    await answer(claim, failed('local'))
  }
  await deliverer.whenIdle()
  expect(settled.map(({ step }) => (step.dueAt ?? 0) - NOW)).toEqual([1, 2, 60].map(s => s * SECOND))
})

test('tells when a message is due again, once that is recorded', async () => {
  const { deliverer, round, answer, settled, announced } = openScene()
  await round(messageOf(1), messageOf(2))
  await answer(1, failed('reset'))
  await answer(2, OK)
  await deliverer.whenIdle()
  expect(announced).toEqual([settled.find(({ message }) => message.seq === 1)?.step.dueAt])
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

describe('prefetched messages', () => {
  const three = [1, 2, 3].map(seq => messageOf(seq))

  test('are as many as attempts have lately ended at the host', async () => {
    const { clock, round, answer, claims } = openScene()
    await round(messageOf(1), messageOf(2))
    expect(claims.at(-1)?.prefetch).toEqual(new Map())
    for (const seq of [1, 2]) await answer(seq, OK)
    await round()
    expect(claims.at(-1)?.prefetch).toEqual(new Map([['a.example', 2]]))
    await clock.advance(20)
    await round()
    expect(claims.at(-1)?.prefetch).toEqual(new Map())
  })

  test('go out as slots of their host become free, and take no slot before', async () => {
    const { deliverer, round, answer, sending, claims } = openScene()
    await round(...three)
    expect(sending()).toEqual([1, 2])
    await round()
    const busy = { busyHosts: new Map([['a.example', 3]]), busyPartners: new Map([['partner_1', 2]]) }
    expect(claims.at(-1)).toMatchObject({ slots: CONCURRENCY - 2, ...busy })
    await answer(1, OK)
    expect(sending()).toEqual([2, 3])
    for (const seq of [2, 3]) await answer(seq, OK)
    await deliverer.whenIdle()
  })

  test('share the slots of their host with all partners', async () => {
    const { round, answer, sending } = openScene()
    await round(...three, messageOf(4, { partnerId: 'partner_2' }))
    expect(sending()).toEqual([1, 2])
    for (const seq of [1, 2]) await answer(seq, OK)
    expect(sending()).toEqual([3, 4])
  })

  test.each([
    ['their registration is cancelled', { partnerId: 'partner_1', registrationId: 'reg_3' }],
    ['their partner is disabled', { partnerId: 'partner_1', registrationId: null }],
  ])('are released where %s', async (_, what) => {
    const { deliverer, round, answer, sending, settled, happened } = openScene()
    await round(...three)
    deliverer.cancel(what)
    for (let turn = 0; turn < 2; turn++) await endOfTurn()
    expect(happened).toEqual(['not_sent cancelled', 'recorded'])
    expect(settled).toMatchObject([
      { message: { seq: 3, claim: 7 }, attempt: null, step: { state: 'pending', dueAt: NOW + SECOND } },
    ])
    for (const seq of [1, 2]) await answer(seq, OK)
    expect(sending()).toEqual([])
    expect(settled.map(({ message }) => message.seq)).toEqual([3, 1, 2])
  })

  test('stay where something else is cancelled', async () => {
    const { deliverer, round, answer, sending } = openScene()
    await round(...three)
    deliverer.cancel({ partnerId: 'partner_1', registrationId: 'reg_9' })
    deliverer.cancel({ partnerId: 'partner_2', registrationId: null })
    await answer(1, OK)
    expect(sending()).toEqual([2, 3])
  })

  test('are released after a second in which no slot became free', async () => {
    const { clock, round, answer, sending, settled, happened } = openScene()
    await round(...three)
    await clock.advance(999)
    expect(happened).toEqual([])
    await clock.advance(100)
    await endOfTurn()
    expect(happened).toEqual(['not_sent timed_out', 'recorded'])
    expect(settled).toMatchObject([{ message: { seq: 3 }, attempt: null }])
    await answer(1, OK)
    expect(sending()).toEqual([2])
  })
})

describe('an answer 410', () => {
  const GONE: SendResult = { ...OK, httpStatus: 410 }

  test('stops what is claimed ahead for its URL, and nothing else of the host', async () => {
    const { round, answer, sending, settled } = openScene()
    const other = messageOf(4, { callbackUrl: 'https://a.example/other' })
    await round(messageOf(1), messageOf(2), messageOf(3), other)
    expect(sending()).toEqual([1, 2])
    await answer(1, GONE)
    expect(sending()).toEqual([2, 4])
    await endOfTurn()
    expect(settled.map(({ message, attempt }) => [message.seq, attempt?.outcome ?? null])).toContainEqual([3, null])
  })

  test('stops what claims bring until it is recorded, and no longer', async () => {
    const { round, answer, sending, happened, holdRecords } = openScene()
    const record = holdRecords()
    await round(messageOf(1))
    await answer(1, GONE)
    await round(messageOf(2))
    expect(sending()).toEqual([])
    expect(happened).toContain('not_sent cancelled')
    await record()
    await round(messageOf(3))
    expect(sending()).toEqual([3])
  })
})

describe('a cancel during an attempt', () => {
  const cancelled = { partnerId: 'partner_1', registrationId: 'reg_1' }

  test('is asked for once more before the bytes leave', async () => {
    const { deliverer, round, answer, attempts, settled } = openScene()
    await round(messageOf(1), messageOf(2))
    expect(attempts().map(({ mayStillSend }) => mayStillSend?.())).toEqual([true, true])
    deliverer.cancel(cancelled)
    expect(attempts().map(({ mayStillSend }) => mayStillSend?.())).toEqual([false, true])
    await answer(1, { kind: 'failed', error: 'local', detail: 'withdrawn', durationMs: 0 })
    await endOfTurn()
    expect(settled).toMatchObject([{ message: { seq: 1 }, attempt: null }])
  })
})

describe('what is cancelled while a claim is pending', () => {
  test.each([
    ['its registration is cancelled', { partnerId: 'partner_1', registrationId: 'reg_2' }, [1, 3]],
    ['its partner is disabled', { partnerId: 'partner_1', registrationId: null }, [3]],
  ])('is released and not sent where %s', async (_, what, sent) => {
    const { deliverer, round, answer, sending, settled, happened, holdClaims } = openScene()
    const claim = holdClaims()
    const claiming = round(messageOf(1), messageOf(2), messageOf(3, { partnerId: 'partner_2', host: 'b.example' }))
    deliverer.cancel(what)
    await claim()
    expect(await claiming).toEqual({ claimed: 3, nextAt: NOW + 9 })
    expect(sending()).toEqual(sent)
    expect(happened).toContain('not_sent cancelled')
    for (const seq of sent) await answer(seq, OK)
    await deliverer.whenIdle()
    const released = settled.filter(({ attempt }) => attempt === null)
    expect(released.map(({ message }) => message.seq)).toEqual([1, 2, 3].filter(seq => !sent.includes(seq)))
    for (const { step } of released) expect(step).toMatchObject({ state: 'pending', dueAt: NOW + SECOND })
  })

  test('takes no slot and no share', async () => {
    const { deliverer, round, claims, holdClaims } = openScene()
    const claim = holdClaims()
    const claiming = round(messageOf(1, { slow: true, proven: false }))
    deliverer.cancel({ partnerId: 'partner_1', registrationId: 'reg_1' })
    await claim()
    await claiming
    await round()
    expect(claims.at(-1)).toMatchObject({
      slots: CONCURRENCY,
      unsureSlots: 4,
      slow: { slots: 2 },
      busyHosts: new Map(),
    })
  })

  test('is recorded before the deliverer is idle', async () => {
    const { deliverer, round, settled, holdClaims } = openScene()
    const claim = holdClaims()
    const claiming = round(messageOf(1))
    deliverer.cancel({ partnerId: 'partner_1', registrationId: 'reg_1' })
    await claim()
    await claiming
    await deliverer.whenIdle()
    expect(settled).toHaveLength(1)
  })

  test('is forgotten once the claim is handed out, so that a partner who is enabled again is sent to', async () => {
    const { deliverer, round, sending, holdClaims } = openScene()
    const claim = holdClaims()
    const claiming = round()
    deliverer.cancel({ partnerId: 'partner_1', registrationId: null })
    await claim()
    await claiming
    await round(messageOf(1))
    expect(sending()).toEqual([1])
  })
})

describe('shares of the slots', () => {
  test('are half for slow and unproven lanes together, three quarters for a partner', async () => {
    const { round, claims } = openScene()
    await round()
    expect(claims.at(-1)).toMatchObject({
      unsureSlots: 4,
      slow: { slots: 2, first: 1, busyLanes: new Map() },
      perPartner: 6,
      unproven: { slots: 3, first: 1, perPartner: 2, busyPartners: new Map() },
    })
  })

  test('count what is in flight or waits, until its attempt has ended', async () => {
    const { round, answer, claims } = openScene({ perHost: 1 })
    const slow = { slow: true, proven: false, host: 'slow.example', laneId: 9 }
    await round(
      messageOf(1, slow),
      messageOf(2, { proven: false }),
      messageOf(3, { proven: false }),
      messageOf(4, { host: 'b.example' }),
    )
    await round()
    expect(claims.at(-1)).toMatchObject({
      unsureSlots: 1,
      slow: { slots: 1, first: 0, busyLanes: new Map([[9, 1]]) },
      unproven: { slots: 1, busyPartners: new Map([['partner_1', 2]]) },
    })
    for (const seq of [1, 2, 3]) await answer(seq, OK)
    await round()
    expect(claims.at(-1)).toMatchObject({ unsureSlots: 4, slow: { slots: 2 }, unproven: { busyPartners: new Map() } })
  })

  test('are given back by what is released', async () => {
    const { deliverer, round, claims } = openScene({ perHost: 1 })
    await round(messageOf(1), messageOf(2, { proven: false }))
    deliverer.cancel({ partnerId: 'partner_1', registrationId: 'reg_2' })
    await endOfTurn()
    await round()
    expect(claims.at(-1)?.unproven.busyPartners).toEqual(new Map())
  })
})

describe('telling of an attempt', () => {
  const openTold = (more: Parameters<typeof openScene>[0] = {}) => {
    const told: TelemetryEvent[] = []
    return { ...openScene({ ...more, emit: createEmit([event => void told.push(event)]) }), told }
  }

  test.each([
    { attempts: 0, retries: 0, origin: 'first' },
    { attempts: 2, retries: 2, origin: 'retry' },
    { attempts: 3, retries: 0, origin: 'resend' },
  ])('says what brought it, $origin, and how late it was', async ({ origin, ...counts }) => {
    const { deliverer, round, answer, told } = openTold()
    await round(messageOf(1, { ...counts, dueAt: NOW - 250 }))
    await answer(1, OK)
    await deliverer.whenIdle()
    const fields = { attempt: counts.attempts + 1, origin, lagMs: 250, durationMs: 12, outcome: 'delivered' }
    expect(told).toMatchObject([{ name: 'delivery.attempted', fields }])
  })

  test('message.exhausted was told before it was recorded, and of an attempt that ended nothing', async () => {
    const { deliverer, round, answer, told, holdRecords } = openTold({ outcome: 'exhausted' })
    const record = holdRecords()
    await round(messageOf(1, { retries: 1 }))
    await answer(1, { ...OK, httpStatus: 500 })
    expect(told.map(({ name }) => name)).toEqual(['delivery.attempted'])
    await record()
    await deliverer.whenIdle()
    const fields = { registrationId: 'reg_1', end: 'exhausted', httpStatus: 500, error: null, attempts: 1 }
    expect(told.slice(1)).toMatchObject([{ name: 'message.exhausted', fields }])
    const other = openTold({ outcome: null })
    await other.round(messageOf(1, { retries: 1 }))
    await other.answer(1, { ...OK, httpStatus: 500 })
    await other.deliverer.whenIdle()
    expect(other.told.map(({ name }) => name)).toEqual(['delivery.attempted'])
  })

  test('tells of a webhook that has arrived how long ago its verdict was stored', async () => {
    const { deliverer, clock, round, answer, told } = openTold({ outcome: 'delivered' })
    await round(messageOf(1, { createdAt: NOW - SECOND }))
    await clock.advance(20)
    await answer(1, OK)
    await deliverer.whenIdle()
    expect(told.slice(1)).toMatchObject([{ name: 'message.delivered', fields: { ageMs: 1_020, host: 'a.example' } }])
  })
})
