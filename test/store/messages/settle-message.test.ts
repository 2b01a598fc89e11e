import { describe, expect, test } from 'vitest'
import type { Attempt, MessageSettlement } from '../../../src/store/messages/message.ts'
import { type MessageFacts, settleMessage } from '../../../src/store/messages/settling.ts'

const ATTEMPT: Attempt = {
  at: 90,
  outcome: 'rejected',
  httpStatus: 500,
  error: null,
  durationMs: 9,
  responseExcerpt: 'hello',
  origin: 'first',
}
const FACTS: MessageFacts = {
  seq: 7,
  registrationId: 'reg_1',
  state: 'pending',
  dueAt: 200,
  claimedAt: 80,
  claims: 3,
  fence: 0,
  attempts: 2,
  unrecorded: 0,
  retries: 2,
  isErased: false,
  isRecorded: false,
}
const NEW_LANE = { dueAt: null, strikes: 0, slow: false, proven: false }
const RETRY = { state: 'pending', dueAt: 500, retries: 3, gone: false } as const
const DELIVERED = { state: 'delivered', dueAt: null, retries: 2, gone: false } as const
const GONE = { state: 'exhausted', dueAt: null, retries: 2, gone: true } as const

const settlement = (more: Partial<MessageSettlement> = {}, claim = 3): MessageSettlement => ({
  message: { seq: 7, claim, registrationId: 'reg_1', partnerId: 'prt_1', callbackUrl: 'https://a.example/', laneId: 1 },
  step: RETRY,
  attempt: ATTEMPT,
  hostSignal: 'answers',
  ...more,
})
const settle = (more: Partial<MessageSettlement>, facts: Partial<MessageFacts> = {}, claim = 3) =>
  settleMessage(settlement(more, claim), { ...FACTS, ...facts }, NEW_LANE)

describe('an attempt', () => {
  test('of the current claim decides the state of the message, and when its lane is due', () => {
    expect(settle({})).toEqual({
      update: { seq: 7, state: 'pending', dueAt: 500, claimedAt: null, attempts: 3, unrecorded: 0, retries: 3 },
      attempt: { ...ATTEMPT, n: 3 },
      lane: { ...NEW_LANE, dueAt: 500, proven: true },
      holdsUrl: false,
      claimedAt: 80,
      end: null,
    })
  })

  test('of an earlier claim is written and decides nothing', () => {
    expect(settle({}, {}, 2)).toMatchObject({
      update: { state: 'pending', dueAt: 200, claimedAt: 80, attempts: 3, unrecorded: 0, retries: 2 },
      attempt: { n: 2 },
      holdsUrl: false,
      claimedAt: null,
    })
  })

  test('that delivers counts, whichever claim made it', () => {
    for (const claim of [2, 3])
      expect(settle({ step: DELIVERED }, {}, claim)?.update).toMatchObject({ state: 'delivered', dueAt: null })
  })

  test('claimed before a resend does not deliver the resent message', () => {
    const resent = { claims: 4, fence: 4, claimedAt: null, unrecorded: 1 }
    const kept = { state: 'pending', dueAt: 200, attempts: 3, unrecorded: 0 }
    expect(settle({ step: DELIVERED }, resent)?.update).toMatchObject(kept)
    expect(settle({ step: DELIVERED }, { ...resent, claims: 5, claimedAt: 95 }, 5)?.update).toMatchObject({
      state: 'delivered',
      attempts: 3,
    })
  })

  test('never revives one given up', () => {
    const ended = { state: 'exhausted', dueAt: null, claimedAt: null, claims: 4 } as const
    expect(settle({ step: DELIVERED }, ended)?.update).toMatchObject({ state: 'exhausted', attempts: 3 })
    expect(settle({}, ended)?.update).toMatchObject({ state: 'exhausted', dueAt: null })
  })

  test('that was answered 410 holds the URL only where its claim holds', () => {
    expect(settle({ step: GONE })?.holdsUrl).toBe(true)
    expect(settle({ step: GONE }, {}, 2)?.holdsUrl).toBe(false)
  })

  test('tells nothing of the answer where the message was erased meanwhile', () => {
    expect(settle({}, { isErased: true, state: 'exhausted', claims: 4 })?.attempt?.responseExcerpt).toBeNull()
  })

  test('that is written already, or of another message of this number, changes nothing', () => {
    expect(settle({}, { isRecorded: true })).toBeNull()
    expect(settle({}, { registrationId: 'reg_2' })).toBeNull()
  })

  test('that ran into the time limit strikes the lane, and three make it slow', () => {
    const struck = (strikes: number) =>
      settleMessage(settlement({ hostSignal: 'hangs' }), FACTS, { ...NEW_LANE, proven: true, strikes })?.lane
    expect(struck(0)).toMatchObject({ strikes: 1, slow: false, proven: false })
    expect(struck(2)).toMatchObject({ strikes: 3, slow: true, proven: false })
  })

  test('that showed nothing of its host, as after a failed TLS handshake, proves no lane and clears no strike', () => {
    const lane = { ...NEW_LANE, strikes: 2 }
    expect(settleMessage(settlement({ hostSignal: null }), FACTS, lane)?.lane).toEqual({ ...lane, dueAt: 500 })
  })
})

describe('a message that was not sent', () => {
  test('is released: due when it says, and nothing is counted', () => {
    expect(settle({ attempt: null })).toEqual({
      update: { seq: 7, state: 'pending', dueAt: 500, claimedAt: null, attempts: 2, unrecorded: 0, retries: 2 },
      attempt: null,
      lane: { ...NEW_LANE, dueAt: 500 },
      holdsUrl: false,
      claimedAt: 80,
      end: null,
    })
  })

  test('stays where it is once another claim holds it, or it has ended', () => {
    expect(settle({ attempt: null }, {}, 2)).toBeNull()
    expect(settle({ attempt: null }, { claimedAt: null })).toBeNull()
    expect(settle({ attempt: null }, { state: 'exhausted' })).toBeNull()
  })
})
