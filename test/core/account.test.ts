import { describe, expect, test } from 'vitest'
import {
  type AccountChange,
  type AccountState,
  afterAccountChange,
  afterClaim,
  afterNewCredentials,
  allowance,
  claimableAt,
  durationOf,
  isTried,
  pausedByOperator,
  resumedByOperator,
} from '../../src/core/account.ts'
import type { AccountFault } from '../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { RUNNING } from '../support/claimed-account.ts'
import {
  change,
  faulty,
  INVALID,
  NOT_FOUND,
  NOW,
  OUTAGE,
  PAUSED,
  throttled,
  UNKNOWN_CODE,
  UNKNOWN_STATUS,
  VERDICT,
  WAITING,
} from './support/account.ts'

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

  test('go each minute where the serial did not arrive: the next one may', () => {
    expect(delaysOf('serial_not_received', 4060)).toEqual([1, 1, 1, 1, 1, 1])
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
})

describe('an answer that is recorded after the account has changed', () => {
  const pause = { kind: 'pause', reason: 'frozen', code: 4050, probes: 3, probeAt: NOW + HOUR } as const

  test('pauses it from now on, or as long as it is paused already', () => {
    const reached = { unreachableAt: null, unreachableError: null }
    const patch = { pauseReason: 'frozen', pauseCode: 4050, ...reached, probes: 3, probeAt: NOW + HOUR }
    expect(afterAccountChange(RUNNING, pause, NOW)).toEqual({ ...patch, pausedAt: NOW })
    expect(afterAccountChange(PAUSED, pause, NOW)).toEqual({ ...patch, pausedAt: PAUSED.pausedAt })
  })

  test('throttles it no shorter than another one that was in flight with it', () => {
    const throttle = (holdMs: number) =>
      ({ kind: 'throttle', rampRate: 2, rampAt: NOW + holdMs, allowedAt: NOW + holdMs }) as const
    const held = { rampRate: 2, rampAt: NOW + MINUTE, allowedAt: NOW + MINUTE }
    expect(afterAccountChange(RUNNING, throttle(MINUTE), NOW)).toEqual(held)
    expect(afterAccountChange({ ...RUNNING, ...held }, throttle(0), NOW)).toEqual(held)
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

describe('an operator', () => {
  test('pauses an account that no canary resumes, also where an answer had paused it', () => {
    for (const account of [RUNNING, PAUSED]) {
      const paused = { ...account, ...pausedByOperator(NOW) }
      expect(paused).toEqual({ ...RUNNING, pausedAt: NOW, pauseReason: 'operator' })
      expect(claimableAt(paused, NOW)).toBeNull()
      expect(allowance(paused, NOW + 24 * HOUR, 9)).toBe(0)
    }
  })

  test('resumes what an operator has paused with an eighth of its rate, and slows down none that runs', () => {
    const paused = { ...RUNNING, ...pausedByOperator(NOW), rate: 8 }
    expect({ ...paused, ...resumedByOperator(paused, NOW) }).toEqual({
      ...{ ...RUNNING, rate: 8 },
      ...{ rampRate: 1, rampAt: NOW },
    })
    expect(resumedByOperator(RUNNING, NOW)).toBeNull()
  })

  test('has what an answer has paused tried at once: it was resumed while it was still refused, with a new beginning', () => {
    const tried = { ...PAUSED, probes: 3, probeAt: NOW + HOUR, ...resumedByOperator(PAUSED, NOW) }
    expect(tried).toEqual({ ...PAUSED, probes: 0, probeAt: NOW })
    expect([isTried(tried), isTried(PAUSED), isTried(RUNNING)]).toEqual([true, false, false])
    const refused = change(tried, faulty('credentials_wrong', 405)) as AccountChange
    const again = { ...tried, ...afterAccountChange(tried, refused, NOW + SECOND) }
    expect(again).toMatchObject({ pausedAt: PAUSED.pausedAt, probes: 1 })
    expect(isTried(again)).toBe(false)
    expect(isTried({ ...RUNNING, ...pausedByOperator(NOW) })).toBe(false)
  })
})
