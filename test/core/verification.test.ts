import { describe, expect, test } from 'vitest'
import type { Answer, TransientCause } from '../../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { afterAnswer, type PollMoment, type VerificationState, type Waiting } from '../../src/core/verification.ts'
import { POLICY } from '../support/store.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const VERDICT: Answer = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'SUCCESS', message: null, livingScore: null, similarity: '100' },
}
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const UNKNOWN_STATUS: Answer = { kind: 'unknown_status', code: 2, status: 'DONE' }
const NOT_FOUND: Answer = { kind: 'not_found', code: 4061 }
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }
const fails = (cause: TransientCause, code: number | null = null): Answer => ({ kind: 'transient', code, cause })

/** A registration made an hour ago whose deadline, margin included, lies `left` ms ahead. */
const waiting = (left: number, more: Partial<Waiting> = {}): Waiting => ({
  id: `reg_${left}`,
  createdAt: NOW - HOUR,
  expiresAt: NOW + left - POLICY.settleMarginMs,
  ...more,
})
const state = (more: Partial<VerificationState> = {}): VerificationState => ({
  nudgedAt: NOW - HOUR,
  failures: 0,
  failingSince: null,
  invalidIds: 0,
  seen: false,
  goneChecks: 0,
  lastPolledAt: NOW - 10 * MINUTE,
  rawStatus: null,
  waiting: [waiting(DAY)],
  ...more,
})
const stepAfter = (from: VerificationState, answer: Answer, more: Partial<PollMoment> = {}) =>
  afterAnswer(from, answer, { askedAt: NOW, now: NOW, random: 0.5, policy: POLICY, othersInvalid: false, ...more })
const reasonsOf = (step: ReturnType<typeof stepAfter>) => step.ended.map(end => end.reason)

describe('a verdict', () => {
  test('ends the asking, whatever came before, and even after the deadline', () => {
    const tried = state({ failures: 3, invalidIds: 1, goneChecks: 2, waiting: [waiting(-DAY)] })
    expect(stepAfter(tried, VERDICT)).toEqual({
      verdict: VERDICT.kind === 'verdict' && VERDICT.verdict,
      dueAt: null,
      ended: [],
      seen: true,
      failures: 0,
      failingSince: null,
      invalidIds: 0,
      goneChecks: 0,
    })
  })
})

describe.each([
  { answer: WAITING, reason: 'expired' },
  { answer: UNKNOWN_STATUS, reason: 'unknown_status' },
])('a serial that still waits ($answer.kind)', ({ answer, reason }) => {
  test('is asked again by its age, and counts as seen', () => {
    const step = stepAfter(state({ failures: 4, invalidIds: 2, goneChecks: 1 }), answer)
    expect(step).toMatchObject({ failures: 0, invalidIds: 0, goneChecks: 0, seen: true, verdict: null, ended: [] })
    expect(step.dueAt).toBe(NOW + 150 * SECOND)
    expect(stepAfter(state({ nudgedAt: NOW }), answer).dueAt).toBe(NOW + 5 * SECOND)
  })

  test('is asked at the deadline once more, not after it', () => {
    expect(stepAfter(state({ waiting: [waiting(7 * SECOND)] }), answer).dueAt).toBe(NOW + 7 * SECOND)
  })

  test('is asked once more if it was asked before the deadline and answered after it', () => {
    const late = state({ waiting: [waiting(-1)] })
    expect(stepAfter(late, answer, { askedAt: NOW - 2 })).toMatchObject({ ended: [], dueAt: NOW })
    expect(stepAfter(late, answer, { askedAt: NOW - 1 }).ended).toHaveLength(1)
  })

  test.each([0, -1, -DAY])(`ends as ${reason} when the deadline is %d ms ahead`, left => {
    expect(stepAfter(state({ waiting: [waiting(left)] }), answer)).toMatchObject({
      ended: [{ registrationId: `reg_${left}`, reason }],
      dueAt: null,
      verdict: null,
    })
  })

  test('ends each registration at its own deadline and goes on for the last', () => {
    const three = [waiting(-MINUTE), waiting(0), waiting(MINUTE)]
    const step = stepAfter(state({ waiting: three }), answer)
    expect(step.ended.map(end => end.registrationId)).toEqual(['reg_-60000', 'reg_0'])
    expect(step.dueAt).toBe(NOW + MINUTE)
  })
})

describe('a serial that upstream does not know', () => {
  const registered = (ago: number, left = DAY) => state({ waiting: [waiting(left, { createdAt: NOW - ago })] })

  test('may not be visible yet: is asked again inside the grace', () => {
    const step = stepAfter(registered(HOUR), NOT_FOUND)
    expect(step).toMatchObject({ seen: false, ended: [], goneChecks: 0, dueAt: NOW + 150 * SECOND })
  })

  test('is asked again when the grace ends, not after it', () => {
    expect(stepAfter(registered(2 * HOUR - 7 * SECOND), NOT_FOUND).dueAt).toBe(NOW + 7 * SECOND)
  })

  test('ends as not_found after the grace', () => {
    expect(reasonsOf(stepAfter(registered(2 * HOUR), NOT_FOUND))).toEqual(['not_found'])
  })

  test('has a grace for each registration', () => {
    const both = [
      waiting(DAY, { createdAt: NOW - 3 * HOUR }),
      waiting(DAY, { id: 'reg_late', createdAt: NOW - MINUTE }),
    ]
    const step = stepAfter(state({ waiting: both }), NOT_FOUND)
    expect(step.ended.map(end => end.registrationId)).toEqual([`reg_${DAY}`])
    expect(step.dueAt).not.toBeNull()
  })

  test('ends as expired where its deadline comes first', () => {
    expect(reasonsOf(stepAfter(registered(HOUR, 0), NOT_FOUND))).toEqual(['expired'])
    expect(reasonsOf(stepAfter(registered(3 * HOUR, -30 * MINUTE), NOT_FOUND))).toEqual(['not_found'])
    expect(reasonsOf(stepAfter(registered(3 * HOUR, -90 * MINUTE), NOT_FOUND))).toEqual(['expired'])
  })
})

describe('a serial that was seen and is now unknown', () => {
  const seen = (goneChecks: number, more: Partial<VerificationState> = {}) => state({ seen: true, goneChecks, ...more })

  test('is gone after two confirmations, five minutes apart, or POLL_MAX_INTERVAL where that is shorter', () => {
    for (const goneChecks of [0, 1]) {
      const step = stepAfter(seen(goneChecks), NOT_FOUND)
      expect(step).toMatchObject({ ended: [], goneChecks: goneChecks + 1, dueAt: NOW + 5 * MINUTE, seen: true })
      const policy = { ...POLICY, maxMs: MINUTE }
      expect(stepAfter(seen(goneChecks), NOT_FOUND, { policy }).dueAt).toBe(NOW + MINUTE)
    }
    const last = stepAfter(seen(2), NOT_FOUND)
    expect(reasonsOf(last)).toEqual(['gone'])
    expect(last.dueAt).toBeNull()
  })

  test('is not gone because hints bring the calls closer together', () => {
    const step = stepAfter(seen(2, { lastPolledAt: NOW - SECOND }), NOT_FOUND)
    expect(step).toMatchObject({ ended: [], goneChecks: 2, dueAt: NOW + 5 * MINUTE })
  })
})

describe('a serial that did not arrive (4060)', () => {
  test('is asked twice more, then given up as invalid_id', () => {
    expect(stepAfter(state(), INVALID)).toMatchObject({ ended: [], invalidIds: 1, dueAt: NOW + POLICY.minMs })
    expect(stepAfter(state({ invalidIds: 1 }), INVALID)).toMatchObject({ ended: [], invalidIds: 2 })
    const last = stepAfter(state({ invalidIds: 2 }), INVALID)
    expect(reasonsOf(last)).toEqual(['invalid_id'])
    expect(last.dueAt).toBeNull()
  })

  test('stays in its place where others do not arrive either: then it is the account', () => {
    const step = stepAfter(state({ invalidIds: 2 }), INVALID, { othersInvalid: true })
    expect(step).toMatchObject({ ended: [], invalidIds: 2, dueAt: NOW })
  })

  test('ends at its deadline there too, unless GetResult has shown it: then it is not malformed', () => {
    const late = { invalidIds: 2, waiting: [waiting(0)] }
    expect(reasonsOf(stepAfter(state(late), INVALID, { othersInvalid: true }))).toEqual(['invalid_id'])
    const shown = stepAfter(state({ ...late, seen: true }), INVALID, { othersInvalid: true })
    expect(shown).toMatchObject({ ended: [], dueAt: NOW })
  })

  test('ends as expired where its deadline comes first', () => {
    expect(reasonsOf(stepAfter(state({ waiting: [waiting(0)] }), INVALID))).toEqual(['expired'])
    expect(reasonsOf(stepAfter(state({ invalidIds: 2, waiting: [waiting(0)] }), INVALID))).toEqual(['expired'])
  })
})

describe('a call that tells nothing', () => {
  test.each([
    { failures: 0, least: SECOND, most: 10 * SECOND },
    { failures: 1, least: SECOND, most: 20 * SECOND },
    { failures: 4, least: SECOND, most: 160 * SECOND },
    { failures: 5, least: SECOND, most: 5 * MINUTE },
    { failures: 10_000, least: SECOND, most: 5 * MINUTE },
  ])('backs off anywhere from $least to $most ms after $failures failures', ({ failures, least, most }) => {
    const delayAt = (random: number) =>
      (stepAfter(state({ failures }), fails('unreachable'), { random }).dueAt ?? Number.NaN) - NOW
    expect(delayAt(0)).toBe(least)
    expect(delayAt(0.999)).toBe(Math.ceil(0.999 * most))
    expect(delayAt(0.5)).toBe(Math.ceil(0.5 * most))
  })

  test('keeps its place where others fail too: then the account backs off', () => {
    const step = stepAfter(state({ failures: 7 }), fails('unreachable'), { othersFail: true, random: 0.999 })
    expect(step).toMatchObject({ failures: 7, dueAt: Math.ceil(NOW + 0.999 * POLICY.minMs) })
    expect(stepAfter(state(), fails('unreachable'), { othersFail: true }).failures).toBe(1)
    expect(stepAfter(state({ failures: 7 }), fails('upstream_error', 1), { othersFail: true }).failures).toBe(8)
  })

  test('begins to count time with the first of them, and stops with an answer about the serial', () => {
    expect(stepAfter(state(), fails('timeout')).failingSince).toBe(NOW)
    const failing = state({ failures: 1, failingSince: NOW - HOUR })
    expect(stepAfter(failing, fails('timeout')).failingSince).toBe(NOW - HOUR)
    for (const answer of [WAITING, UNKNOWN_STATUS, NOT_FOUND, INVALID, VERDICT])
      expect(stepAfter(failing, answer).failingSince).toBeNull()
  })

  describe.each<[TransientCause, number | null]>([
    ['upstream_error', 0],
    ['upstream_error', 1],
    ['unknown_code', 4999],
    ['no_result', 2],
    ['unreachable', null],
    ['timeout', null],
    ['http_status', null],
    ['unparseable', null],
    ['too_large', null],
  ])('%s %s', (cause, code) => {
    const answer = fails(cause, code)

    test('ends nobody whose deadline passed without a call: after a pause of 26 hours, or a start before its network', () => {
      expect(stepAfter(state({ waiting: [waiting(-26 * HOUR)] }), answer).ended).toEqual([])
    })

    test('ends a registration 24 hours after its deadline, or after the first failure where that came later', () => {
      const since = (failingSince: number, left: number) =>
        stepAfter(state({ failures: 3, failingSince, waiting: [waiting(left)] }), answer)
      expect(since(NOW - 2 * DAY, 1 - DAY).ended).toEqual([])
      expect(reasonsOf(since(NOW - 2 * DAY, -DAY))).toEqual(['expired'])
      expect(since(NOW - DAY + 1, -26 * HOUR).ended).toEqual([])
      expect(reasonsOf(since(NOW - DAY, -26 * HOUR))).toEqual(['expired'])
    })
  })

  test('does not count the time before a pause of the account ended', () => {
    const failing = state({ failures: 3, failingSince: NOW - 3 * DAY, waiting: [waiting(-2 * DAY)] })
    const resumed = (ago: number) =>
      stepAfter(failing, fails('unreachable'), { breaks: { startedAt: 0, resumedAt: NOW - ago } })
    expect(resumed(DAY - 1).ended).toEqual([])
    expect(reasonsOf(resumed(DAY))).toEqual(['expired'])
  })

  test('ends nobody in the first minute after a start, when the network may not be there yet', () => {
    const failing = state({ failures: 3, failingSince: NOW - 3 * DAY, waiting: [waiting(-2 * DAY)] })
    const started = (ago: number) =>
      stepAfter(failing, fails('unreachable'), { breaks: { startedAt: NOW - ago, resumedAt: 0 } })
    expect(started(MINUTE - 1).ended).toEqual([])
    expect(reasonsOf(started(MINUTE))).toEqual(['expired'])
  })

  test.each([
    ['DONE', 'unknown_status'],
    ['ING', 'expired'],
    ['scan', 'expired'],
    [null, 'expired'],
  ] as const)('calls the end by the last status that was seen: %s, %s', (rawStatus, reason) => {
    const late = { rawStatus, seen: rawStatus !== null, failingSince: NOW - 2 * DAY, waiting: [waiting(-DAY)] }
    expect(reasonsOf(stepAfter(state(late), fails('timeout')))).toEqual([reason])
    expect(reasonsOf(stepAfter(state({ ...late, invalidIds: 1 }), INVALID))).toEqual([reason])
    if (rawStatus !== null) expect(reasonsOf(stepAfter(state(late), NOT_FOUND))).toEqual([reason])
  })
})

describe('a fault that is not the row', () => {
  test.each<Answer>([
    { kind: 'throttled', code: 4081, retryAfterMs: null },
    { kind: 'throttled', code: null, retryAfterMs: HOUR },
    { kind: 'clock', code: 40501 },
    { kind: 'account', code: 4050, fault: 'frozen' },
  ])('leaves it due, and ends nobody though the deadline is over ($kind $code)', answer => {
    const before = { failures: 2, failingSince: NOW - 3 * DAY, invalidIds: 1, seen: true, goneChecks: 1 }
    const step = stepAfter(state({ ...before, waiting: [waiting(-DAY)] }), answer)
    expect(step).toEqual({ ...before, dueAt: NOW, verdict: null, ended: [] })
  })
})
