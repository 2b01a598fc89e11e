import { describe, expect, test } from 'vitest'
import {
  type KnownVerification,
  nudge,
  type RegisterFacts,
  register,
} from '../../../src/store/registrations/registering.ts'
import { newRegistration } from '../../support/store.ts'

const AT = 1_000
const ITEM = newRegistration({ partnerId: 'prt_1', ttlMs: 500 })
const KNOWN: KnownVerification = {
  partnerId: 'prt_1',
  queue: 20,
  dueAt: 1_200,
  claimedAt: null,
  verdict: null,
  observedAt: null,
  previousPollAt: null,
}
const NEW: RegisterFacts = {
  verification: null,
  ownerOfSerialKey: null,
  registrations: { live: 0, made: 0 },
  hasLive: false,
  hasLane: false,
  quotas: null,
}
const quotas = (limits: object, usage: object) => ({
  limits: { pending: null, hosts: null, daily: null, ...limits },
  usage: { pending: 0, hosts: 0, daily: 0, ...usage },
})

describe('registering', () => {
  test('a new serial has it asked at once, until its time is over', () => {
    expect(register(ITEM, NEW, AT)).toEqual({
      outcome: 'created',
      expiresAt: 1_500,
      poll: { nudgedAt: AT, queue: 1, dueAt: AT },
      ending: null,
    })
    expect(register({ ...ITEM, expiresAt: 9_000 }, NEW, AT)).toMatchObject({ expiresAt: 9_000 })
  })

  test('another partner’s serial is refused before anything else is looked at', () => {
    const facts = { ...NEW, verification: { ...KNOWN, partnerId: 'prt_2' }, hasLive: true }
    expect(register(ITEM, facts, AT)).toEqual({ outcome: 'taken' })
  })

  test('a serial is refused where another partner has one that upstream may take for the same', () => {
    expect(register(ITEM, { ...NEW, ownerOfSerialKey: 'prt_2' }, AT)).toEqual({ outcome: 'taken' })
    expect(register(ITEM, { ...NEW, ownerOfSerialKey: 'prt_1' }, AT).outcome).toBe('created')
    const ended = { ...NEW, verification: { ...KNOWN, dueAt: null }, ownerOfSerialKey: 'prt_2' }
    expect(register(ITEM, ended, AT)).toEqual({ outcome: 'taken' })
  })

  test('a live pair is existing, even over the quotas', () => {
    const facts = { ...NEW, verification: KNOWN, hasLive: true, quotas: quotas({ pending: 0 }, {}) }
    expect(register(ITEM, facts, AT)).toEqual({ outcome: 'existing' })
  })

  test('a serial has at most 100 live registrations, and 1,000 of any kind', () => {
    const facts = (live: number, made: number) => ({ ...NEW, verification: KNOWN, registrations: { live, made } })
    expect(register(ITEM, facts(99, 999), AT)).toMatchObject({ outcome: 'created' })
    expect(register(ITEM, facts(100, 100), AT)).toEqual({ outcome: 'too_many', limit: 100 })
    expect(register(ITEM, facts(0, 1_000), AT)).toEqual({ outcome: 'too_many', limit: 1_000 })
    expect(register(ITEM, { ...facts(100, 1_000), hasLive: true }, AT)).toEqual({ outcome: 'existing' })
  })

  test('a serial with a known verdict ends at once, and is not asked', () => {
    const verdict = { status: 'FAIL', message: null, livingScore: null, similarity: null } as const
    const facts = { ...NEW, verification: { ...KNOWN, dueAt: null, verdict, observedAt: 700, previousPollAt: 600 } }
    expect(register(ITEM, facts, AT)).toMatchObject({
      poll: null,
      ending: { verdict, reason: null, rawStatus: 'FAIL', observedAt: 700, previousPollAt: 600 },
    })
  })

  test.each([
    [{ pending: 2 }, { pending: 2 }, { quota: 'pending', limit: 2 }],
    [{ daily: 5, pending: 9 }, { daily: 6 }, { quota: 'daily', limit: 5 }],
    [{ hosts: 1 }, { hosts: 1 }, { quota: 'hosts', limit: 1 }],
  ])('with quotas %j and used %j is over quota', (limits, usage, broken) => {
    expect(register(ITEM, { ...NEW, quotas: quotas(limits, usage) }, AT)).toEqual({ outcome: 'over_quota', ...broken })
  })

  test('for a host that the partner has already needs no room for another', () => {
    expect(register(ITEM, { ...NEW, hasLane: true, quotas: quotas({ hosts: 1 }, { hosts: 1 }) }, AT).outcome).toBe(
      'created',
    )
  })
})

test('a nudge puts it before all that is not nudged, and never makes a poll later', () => {
  expect(nudge({ dueAt: 400, claimedAt: null }, AT)).toEqual({ nudgedAt: AT, queue: 0, dueAt: 400 })
  expect(nudge({ dueAt: 900, claimedAt: 800 }, AT).dueAt).toBe(900)
})

test('a nudge during a call leaves the lease, and otherwise makes it due now', () => {
  expect(nudge({ dueAt: 1_200, claimedAt: 900 }, AT)).toEqual({
    nudgedAt: AT,
    queue: 0,
    dueAt: 1_200,
  })
  expect(nudge({ dueAt: 1_200, claimedAt: null }, AT).dueAt).toBe(AT)
  expect(nudge({ dueAt: null, claimedAt: null }, AT).dueAt).toBe(AT)
})
