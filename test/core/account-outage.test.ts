import { describe, expect, test } from 'vitest'
import { type AccountChange, type AccountState, afterAccountChange } from '../../src/core/account.ts'
import type { Answer } from '../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
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
