import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccountChange,
  type AccountState,
  type AnswerMoment,
  accountChange,
  afterAccountChange,
  afterClaim,
  afterNewCredentials,
  allowance,
  claimableAt,
  durationOf,
  pausedByOperator,
  resumedByOperator,
  withoutStepBack,
} from '../../src/core/account.ts'
import type { AccountFault, Answer } from '../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { RUNNING } from '../support/claimed-account.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const PAUSED: AccountState = {
  ...RUNNING,
  pausedAt: NOW - HOUR,
  pauseReason: 'egress_ip',
  pauseCode: 4052,
  probes: 1,
  probeAt: NOW,
}
const VERDICT: Answer = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
}
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const UNKNOWN_STATUS: Answer = { kind: 'unknown_status', code: 2, status: 'DONE' }
const NOT_FOUND: Answer = { kind: 'not_found', code: 4061 }
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }
const UNKNOWN_CODE: Answer = { kind: 'transient', code: 4999, cause: 'unknown_code' }
const OUTAGE: Answer = { kind: 'transient', code: null, cause: 'unreachable' }
const throttled = (retryAfterMs: number | null): Answer => ({ kind: 'throttled', code: null, retryAfterMs })
const faulty = (fault: AccountFault, code: number): Answer => ({ kind: 'account', code, fault })

const CALM: AnswerMoment = {
  now: NOW,
  random: 0.5,
  othersInvalid: false,
  mostlyUnknown: false,
  invalidIds: 0,
  outageSince: null,
}
const change = (account: AccountState, answer: Answer, moment: Partial<AnswerMoment> = {}) =>
  accountChange(account, answer, { ...CALM, ...moment })

describe('how long calls take', () => {
  test('is as long as claims take that are as fast as they may be', () => {
    for (const [rate, rampRate, calls, heldMs] of [
      [8, 1, 900, 0],
      [8, 1, 40, 0],
      [8, 0.5, 200, 30 * SECOND],
      [100, 50, 5_000, 0],
    ] as const) {
      let [account, at]: [AccountState, number] = [
        { ...RUNNING, rate, rampRate, rampAt: NOW + heldMs, allowedAt: NOW + heldMs },
        NOW,
      ]
      for (let n = 0; n < calls; n++) {
        at = Math.max(at, account.allowedAt)
        account = { ...account, ...afterClaim(account, { now: at, taken: 1, leaseEnd: at }) }
      }
      const took = durationOf(calls, { rate, rampRate, rampAt: NOW + heldMs }, NOW)
      expect(took / (account.allowedAt - NOW)).toBeCloseTo(1, 1)
    }
  })

  test('is by the rate where nothing is slowed down', () => {
    expect(durationOf(600, { rate: 5, rampAt: null, rampRate: null }, NOW)).toBe(120 * SECOND)
    expect(durationOf(600, { rate: 5, rampAt: NOW - HOUR, rampRate: 1 }, NOW)).toBe(120 * SECOND)
    expect(durationOf(0, { rate: 5, rampAt: NOW, rampRate: 1 }, NOW)).toBe(0)
  })
})

describe('what an answer does to a running account', () => {
  test.each([VERDICT, WAITING, UNKNOWN_STATUS, NOT_FOUND, INVALID, UNKNOWN_CODE, OUTAGE])(
    'nothing after $kind $code',
    answer => {
      expect(change(RUNNING, answer)).toBeNull()
    },
  )

  test.each<[AccountFault, number]>([
    ['egress_ip', 400],
    ['credentials_missing', 401],
    ['app_missing', 403],
    ['no_contract', 40505],
    ['password_or_balance', 4051],
    ['egress_ip', 4052],
  ])('pauses it for %s after %d, and probes in a minute', (reason, code) => {
    const pause = { kind: 'pause', reason, code, probes: 1, probeAt: NOW + MINUTE }
    expect(change(RUNNING, faulty(reason, code))).toEqual(pause)
  })

  test.each([40501, 40502] as const)('pauses it as a clock fault after %d', code => {
    const pause = { kind: 'pause', reason: 'clock', code, probes: 1, probeAt: NOW + MINUTE }
    expect(change(RUNNING, { kind: 'clock', code })).toEqual(pause)
  })

  test('pauses it when several serials are called empty, from the third time of this one on', () => {
    expect(change(RUNNING, INVALID, { othersInvalid: true, invalidIds: 1 })).toBeNull()
    expect(change(RUNNING, INVALID, { othersInvalid: false, invalidIds: 2 })).toBeNull()
    expect(change(RUNNING, INVALID, { othersInvalid: true, invalidIds: 2 })).toMatchObject({
      kind: 'pause',
      reason: 'serial_not_received',
      code: 4060,
    })
  })

  test('pauses it when nearly every call gets a code that is in no table', () => {
    expect(change(RUNNING, UNKNOWN_CODE, { mostlyUnknown: true })).toMatchObject({ kind: 'pause', code: 4999 })
    expect(change(RUNNING, OUTAGE, { mostlyUnknown: true })).toBeNull()
  })
})

describe('canaries of a paused account', () => {
  const delaysOf = (reason: AccountFault, code: number) =>
    [0, 1, 2, 3, 4, 50].map(probes => {
      const next = change({ ...PAUSED, probes }, faulty(reason, code))
      return next?.kind === 'pause' ? (next.probeAt - NOW) / MINUTE : null
    })

  test('go after 1, 5, 15 and then every 30 minutes', () => {
    expect(delaysOf('egress_ip', 4052)).toEqual([1, 5, 15, 30, 30, 30])
  })

  test.each<[AccountFault, number]>([
    ['credentials_wrong', 405],
    ['frozen', 4050],
  ])('go more slowly for %s, which repeated logins could make worse', (reason, code) => {
    expect(delaysOf(reason, code)).toEqual([10, 30, 60, 120, 120, 120])
  })

  test('resume it with an eighth of its rate when one is answered well', () => {
    for (const answer of [VERDICT, WAITING, UNKNOWN_STATUS, NOT_FOUND])
      expect(change(PAUSED, answer)).toEqual({ kind: 'resume', rampRate: 5 / 8, rampAt: NOW })
  })

  test.each([OUTAGE, UNKNOWN_CODE, INVALID])('keep it paused for the same reason after $kind', answer => {
    expect(change(PAUSED, answer)).toEqual({
      kind: 'pause',
      reason: 'egress_ip',
      code: 4052,
      probes: 2,
      probeAt: NOW + 5 * MINUTE,
    })
  })

  test('take over the reason of a new fault', () => {
    expect(change(PAUSED, faulty('frozen', 4050))).toMatchObject({ reason: 'frozen', code: 4050, probes: 2 })
  })

  test('keep it paused when one is throttled, no shorter than was asked for', () => {
    const pause = { kind: 'pause', reason: 'egress_ip', code: 4052, probes: 2 }
    expect(change(PAUSED, throttled(null))).toEqual({ ...pause, probeAt: NOW + 5 * MINUTE })
    expect(change(PAUSED, throttled(8 * MINUTE))).toEqual({ ...pause, probeAt: NOW + 8 * MINUTE })
  })
})

test("no answer touches an operator's pause", () => {
  const account: AccountState = { ...PAUSED, pauseReason: 'operator', pauseCode: null, probeAt: null }
  for (const answer of [VERDICT, WAITING, NOT_FOUND, OUTAGE, throttled(SECOND), faulty('frozen', 4050)])
    expect(change(account, answer, { othersInvalid: true, mostlyUnknown: true, invalidIds: 9 })).toBeNull()
})

describe('throttling', () => {
  test('halves the rate', () => {
    expect(change(RUNNING, throttled(null))).toEqual({ kind: 'throttle', rampRate: 2.5, rampAt: NOW, allowedAt: NOW })
  })

  test('halves again what is left of it, down to a call in ten seconds', () => {
    const halved = { ...RUNNING, rampAt: NOW, rampRate: 2.5 }
    expect(change(halved, throttled(null))).toMatchObject({ rampRate: 1.25 })
    expect(change({ ...RUNNING, rampAt: NOW, rampRate: 0.15 }, throttled(null))).toMatchObject({ rampRate: 0.1 })
  })

  test('obeys Retry-After, ten minutes at most', () => {
    const held = (ms: number) => ({ rampAt: NOW + ms, allowedAt: NOW + ms })
    expect(change(RUNNING, throttled(7 * SECOND))).toMatchObject(held(7 * SECOND))
    expect(change(RUNNING, throttled(24 * HOUR))).toMatchObject(held(10 * MINUTE))
  })

  test('never shortens a hold', () => {
    const held = { ...RUNNING, allowedAt: NOW + MINUTE }
    expect(change(held, throttled(SECOND))).toMatchObject({ allowedAt: NOW + MINUTE })
  })
})

describe('an answer that is recorded after the account has changed', () => {
  const pause = { kind: 'pause', reason: 'frozen', code: 4050, probes: 3, probeAt: NOW + HOUR } as const

  test('pauses it from now on, or as long as it is paused already', () => {
    const reached = { unreachableAt: null, unreachableError: null }
    const patch = { pauseReason: 'frozen', pauseCode: 4050, ...reached, probes: 3, probeAt: NOW + HOUR }
    expect(afterAccountChange(RUNNING, pause, NOW)).toEqual({ ...patch, pausedAt: NOW })
    expect(afterAccountChange(PAUSED, pause, NOW)).toEqual({ ...patch, pausedAt: PAUSED.pausedAt })
  })

  test('resumes it with nothing left of the pause', () => {
    const resumed = afterAccountChange(PAUSED, { kind: 'resume', rampRate: 1, rampAt: NOW }, NOW)
    expect({ ...PAUSED, ...resumed }).toEqual({ ...RUNNING, rampRate: 1, rampAt: NOW })
  })

  test('throttles it no shorter than another one that was in flight with it', () => {
    const throttle = (holdMs: number) =>
      ({ kind: 'throttle', rampRate: 2, rampAt: NOW + holdMs, allowedAt: NOW + holdMs }) as const
    const held = { rampRate: 2, rampAt: NOW + MINUTE, allowedAt: NOW + MINUTE }
    expect(afterAccountChange(RUNNING, throttle(MINUTE), NOW)).toEqual(held)
    expect(afterAccountChange({ ...RUNNING, ...held }, throttle(0), NOW)).toEqual(held)
  })

  test('does nothing to a pause by hand', () => {
    const paused = { ...RUNNING, ...pausedByOperator(NOW) }
    expect(afterAccountChange(paused, pause, NOW)).toBeNull()
    expect(afterAccountChange(paused, { kind: 'resume', rampRate: 1, rampAt: NOW }, NOW)).toBeNull()
  })
})

describe('an outage', () => {
  const SILENT: AccountState = {
    ...RUNNING,
    unreachableAt: NOW - MINUTE,
    unreachableError: 'timeout',
    probes: 3,
    probeAt: NOW,
  }
  const REFUSED: Answer = { ...OUTAGE, detail: 'ECONNREFUSED' }
  const during = { outageSince: NOW - MINUTE }

  test('is told with its error; then a canary goes after one second, and every ten at most', () => {
    const told = { kind: 'unreachable', error: 'unreachable: ECONNREFUSED', since: NOW - MINUTE }
    expect(change(RUNNING, REFUSED, during)).toEqual({ ...told, probes: 1, probeAt: NOW + 750 })
    const delays = (random: number) =>
      [0, 1, 2, 3, 4, 1_000].map(probes => {
        const next = change({ ...SILENT, probes }, REFUSED, { ...during, random })
        return next?.kind === 'unreachable' ? next.probeAt - NOW : null
      })
    expect(delays(0)).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000])
    expect(Math.max(...delays(0.999).map(Number))).toBeLessThanOrEqual(10 * SECOND)
  })

  test('lets only a canary through', () => {
    expect(allowance({ ...SILENT, probeAt: NOW + 1 }, NOW, 9)).toBe(0)
    expect(allowance(SILENT, NOW, 9)).toBe(1)
    expect(claimableAt({ ...SILENT, probeAt: NOW + 7, allowedAt: NOW + HOUR }, NOW)).toBe(NOW + 7)
    expect(afterClaim(SILENT, { now: NOW, taken: 1, leaseEnd: NOW + MINUTE })).toMatchObject({ probeAt: NOW + MINUTE })
  })

  test.each([VERDICT, WAITING, UNKNOWN_STATUS, NOT_FOUND, INVALID, UNKNOWN_CODE])(
    'ends with any answer, and the rate is what it was ($kind $code)',
    answer => {
      const back = change(SILENT, answer, during)
      expect(back).toEqual({ kind: 'back' })
      const after = { ...SILENT, ...(back && afterAccountChange(SILENT, back, NOW)) }
      expect(after).toEqual(RUNNING)
      expect(afterAccountChange(after, back as NonNullable<typeof back>, NOW)).toBeNull()
    },
  )

  test('ends as a pause where the account is refused, and as a throttling where that is the answer', () => {
    const paused = change(SILENT, faulty('frozen', 4050), during)
    expect(paused && afterAccountChange(SILENT, paused, NOW)).toMatchObject({
      unreachableAt: null,
      pauseReason: 'frozen',
    })
    const slowed = change(SILENT, throttled(SECOND), during)
    expect(slowed && afterAccountChange(SILENT, slowed, NOW)).toMatchObject({ unreachableAt: null, probeAt: null })
  })

  test('begins when it began, however often it is told, and not during a pause', () => {
    const told = change(RUNNING, REFUSED, during) as AccountChange
    const silent = { ...RUNNING, ...afterAccountChange(RUNNING, told, NOW) }
    expect(silent).toMatchObject({ unreachableAt: NOW - MINUTE, unreachableError: 'unreachable: ECONNREFUSED' })
    expect(afterAccountChange(SILENT, { ...told, since: NOW } as AccountChange, NOW)).toMatchObject({
      unreachableAt: NOW - MINUTE,
    })
    expect(afterAccountChange(PAUSED, told, NOW)).toBeNull()
    expect(change(PAUSED, REFUSED, during)).toMatchObject({ kind: 'pause', reason: 'egress_ip' })
  })
})

describe('what the service answers by itself', () => {
  test('takes neither a call under the rate nor the place of the canary', () => {
    const claimed = { ...RUNNING, ...afterClaim(RUNNING, { now: NOW, taken: 1, leaseEnd: NOW + MINUTE }) }
    const after = afterAccountChange(claimed, { kind: 'unasked' }, NOW)
    expect(allowance({ ...claimed, ...after }, NOW, 1)).toBe(1)
    const canary = { ...PAUSED, ...afterClaim(PAUSED, { now: NOW, taken: 1, leaseEnd: NOW + MINUTE }) }
    expect(afterAccountChange(canary, { kind: 'unasked' }, NOW)).toEqual({ probeAt: NOW })
  })

  test('ends no pause', () => {
    const byHand = { ...RUNNING, ...pausedByOperator(NOW) }
    expect(afterAccountChange(byHand, { kind: 'unasked' }, NOW)).toBeNull()
  })
})

describe('a corrected key', () => {
  test('makes a paused account due now', () => {
    const waiting = { ...PAUSED, probes: 4, probeAt: NOW + HOUR }
    expect(afterNewCredentials(waiting, NOW)).toEqual({ probes: 0, probeAt: NOW })
  })

  test("changes nothing for one that runs, nor for an operator's pause", () => {
    expect(afterNewCredentials(RUNNING, NOW)).toBeNull()
    expect(afterNewCredentials({ ...RUNNING, ...pausedByOperator(NOW) }, NOW)).toBeNull()
  })
})

describe('a clock that was set back by an hour', () => {
  const BACK = NOW - HOUR
  /** What may be asked at once, by times that were written before. */
  const granted = (account: AccountState, now = BACK) => allowance(withoutStepBack(account, now), now, 9)

  test('C1 keeps no account silent for an hour', () => {
    expect(granted({ ...RUNNING, allowedAt: NOW + 200 })).toBe(1)
    expect(granted({ ...RUNNING, allowedAt: NOW + 200, rampAt: NOW - MINUTE, rampRate: 2 })).toBe(1)
    const silent = { ...RUNNING, unreachableAt: NOW, unreachableError: 'timeout', probes: 9 }
    expect(granted({ ...silent, probeAt: NOW + 10 * SECOND })).toBe(1)
    expect(granted({ ...PAUSED, probeAt: NOW + MINUTE })).toBe(1)
  })

  test('has a slow start begin again, not wait for an hour', () => {
    expect(withoutStepBack({ ...RUNNING, allowedAt: NOW, rampAt: NOW - MINUTE, rampRate: 2 }, BACK).rampAt).toBe(BACK)
  })

  test('is not mistaken for what a rule has put ahead', () => {
    const ahead: AccountState[] = [
      { ...RUNNING, allowedAt: NOW + 200 },
      { ...RUNNING, rate: 0.1, allowedAt: NOW + 80 * SECOND, rampAt: NOW - 1, rampRate: 0.0125 },
      { ...RUNNING, ...afterAccountChange(RUNNING, change(RUNNING, throttled(8 * MINUTE)) as AccountChange, NOW) },
      { ...PAUSED, probeAt: NOW + 30 * MINUTE },
      { ...PAUSED, pauseReason: 'frozen', probeAt: NOW + 2 * HOUR },
      { ...PAUSED, pauseReason: 'operator', probeAt: null },
    ]
    for (const account of ahead) expect(withoutStepBack(account, NOW)).toEqual(account)
  })
})

describe('an operator', () => {
  test('pauses an account that no canary resumes, also where an answer had paused it', () => {
    for (const account of [RUNNING, PAUSED]) {
      const paused = { ...account, ...pausedByOperator(NOW) }
      expect(paused).toEqual({ ...RUNNING, pausedAt: NOW, pauseReason: 'operator' })
      expect(claimableAt(paused, NOW)).toBeNull()
      expect(allowance(paused, NOW + 24 * HOUR, 9)).toBe(0)
    }
  })

  test('resumes it with an eighth of its rate, and slows down none that runs', () => {
    expect({ ...PAUSED, ...resumedByOperator({ ...PAUSED, rate: 8 }, NOW) }).toEqual({
      ...RUNNING,
      rampRate: 1,
      rampAt: NOW,
    })
    expect(resumedByOperator(RUNNING, NOW)).toBeNull()
  })
})

describe('the canary', () => {
  test('goes alone, once it is due', () => {
    expect(allowance({ ...PAUSED, probeAt: NOW + 1 }, NOW, 9)).toBe(0)
    expect(allowance(PAUSED, NOW, 9)).toBe(1)
    expect(allowance(PAUSED, NOW, 0)).toBe(0)
  })

  test('is followed by another one when its lease runs out', () => {
    expect(afterClaim(PAUSED, { now: NOW, taken: 1, leaseEnd: NOW + MINUTE })).toMatchObject({ probeAt: NOW + MINUTE })
    expect(afterClaim(RUNNING, { now: NOW, taken: 1, leaseEnd: NOW + MINUTE })).not.toHaveProperty('probeAt')
  })

  test('is what a claim of a paused account waits for', () => {
    expect(claimableAt({ ...PAUSED, probeAt: NOW + MINUTE, allowedAt: NOW + HOUR }, NOW)).toBe(NOW + MINUTE)
    expect(claimableAt({ ...PAUSED, probeAt: NOW }, NOW + MINUTE)).toBe(NOW + MINUTE)
  })
})

describe('the allowance', () => {
  /** Claims as many as may go, up to `want`, and gives the account as it is then. */
  const claim = (account: AccountState, now: number, want: number) => {
    const taken = allowance(account, now, want)
    return {
      taken,
      account: taken === 0 ? account : { ...account, ...afterClaim(account, { now, taken, leaseEnd: now }) },
    }
  }

  test('lets one call go at once and names the time of the next', () => {
    const { taken, account } = claim({ ...RUNNING, allowedAt: NOW }, NOW, 10)
    expect(taken).toBe(1)
    expect(account.allowedAt).toBe(NOW + 200)
    expect(claimableAt(account, NOW)).toBe(NOW + 200)
    expect(claimableAt(account, NOW + HOUR)).toBe(NOW + HOUR)
    expect(allowance({ ...RUNNING, allowedAt: NOW + 1 }, NOW, 10)).toBe(0)
  })

  test('saves nothing up while nobody asks', () => {
    expect(allowance({ ...RUNNING, allowedAt: NOW - HOUR }, NOW, 10)).toBe(1)
    expect(allowance({ ...RUNNING, rate: 100 }, NOW, 100)).toBe(6)
  })

  test('grants no more than is wanted', () => {
    expect(allowance({ ...RUNNING, rate: 100 }, NOW, 2)).toBe(2)
    expect(allowance(RUNNING, NOW, 0)).toBe(0)
    expect(allowance(RUNNING, NOW, -1)).toBe(0)
  })

  test('doubles every ten seconds after a slow start, up to the full rate', () => {
    const recovering = { ...RUNNING, rate: 8, rampRate: 1, rampAt: NOW }
    const gapAt = (now: number) => claim({ ...recovering, allowedAt: now }, now, 1).account.allowedAt - now
    expect([0, 10, 20, 30, 3600].map(seconds => gapAt(NOW + seconds * SECOND))).toEqual([1000, 500, 250, 125, 125])
  })

  test('stays within the rate, and what one late claim may catch up, in any second', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 20, maxLength: 120 })
    const want = fc.integer({ min: 1, max: 50 })
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 200, noNaN: true }), pauses, want, (rate, steps, wanted) => {
        const calls: { at: number; taken: number }[] = []
        let now = NOW
        let account: AccountState = { ...RUNNING, rate }
        for (const step of steps) {
          now += step
          const claimed = claim(account, now, wanted)
          account = claimed.account
          calls.push({ at: now, taken: claimed.taken })
        }
        for (const { at } of calls) {
          const inSecond = calls.filter(call => call.at >= at && call.at < at + SECOND)
          const sum = inSecond.reduce((total, call) => total + call.taken, 0)
          expect(sum).toBeLessThanOrEqual(rate * 1.05 + 1)
        }
      }),
    )
  })

  test('gives the full rate to who asks often enough', () => {
    let granted = 0
    let account: AccountState = { ...RUNNING, rate: 30, allowedAt: NOW }
    for (let now = NOW; now < NOW + 10 * SECOND; now += 10) {
      const claimed = claim(account, now, 4)
      granted += claimed.taken
      account = claimed.account
    }
    expect(granted).toBe(300)
  })
})
