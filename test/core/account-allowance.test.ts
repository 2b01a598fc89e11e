import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccountChange,
  type AccountState,
  afterAccountChange,
  afterClaim,
  allowance,
  claimableAt,
  withoutStepBack,
} from '../../src/core/account.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { RUNNING } from '../support/claimed-account.ts'
import { change, NOW, PAUSED, throttled } from './support/account.ts'

describe('a clock that was set back by an hour', () => {
  const BACK = NOW - HOUR
  /** The calls allowed at once, with times that were written before. */
  const granted = (account: AccountState, now = BACK) => allowance(withoutStepBack(account, now), now, 9)

  test('C1 keeps no account silent for an hour', () => {
    expect(granted({ ...RUNNING, allowedAt: NOW + 200 })).toBe(1)
    expect(granted({ ...RUNNING, allowedAt: NOW + 200, rampAt: NOW - MINUTE, rampRate: 2 })).toBe(1)
    const silent = { ...RUNNING, unreachableAt: NOW, unreachableError: 'timeout', probes: 9 }
    expect(granted({ ...silent, probeAt: NOW + 10 * SECOND })).toBe(1)
    expect(granted({ ...PAUSED, probeAt: NOW + MINUTE })).toBe(1)
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

describe('the canary', () => {
  test('goes alone, once it is due', () => {
    expect(allowance({ ...PAUSED, probeAt: NOW + 1 }, NOW, 9)).toBe(0)
    expect(allowance(PAUSED, NOW, 9)).toBe(1)
    expect(allowance(PAUSED, NOW, 0)).toBe(0)
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
})
