import type { AccountFault, Answer } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'

export type PauseReason = AccountFault | 'operator'

/** What decides whether, and how fast, an account may be asked. Times are epoch ms, rates calls a second. */
export interface AccountState {
  rate: number
  pausedAt: number | null
  pauseReason: PauseReason | null
  /** The upstream code that caused the pause; null where an operator did. */
  pauseCode: number | null
  /** Canary calls since the pause began. */
  probes: number
  /** When the next canary may go; null while the account is not paused, or paused by an operator. */
  probeAt: number | null
  /** The earliest time of the next call under the rate. */
  allowedAt: number
  /** Where the rate started to grow again after a pause or a throttling, and from what; null at full speed. */
  rampAt: number | null
  rampRate: number | null
}

/** What an answer does to its account; written together with the row's own step. */
export type AccountChange =
  | { kind: 'pause'; reason: PauseReason; code: number; probes: number; probeAt: number }
  | { kind: 'resume'; rampRate: number; rampAt: number }
  | { kind: 'throttle'; rampRate: number; rampAt: number; allowedAt: number }

const PROBE_DELAYS_MS = [1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]
/** Repeated bad logins may freeze an account for good. */
const CAREFUL_PROBE_DELAYS_MS = [10 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE]
const RAMP_DOUBLING_MS = 10 * SECOND
const SLOW_START_SHARE = 1 / 8
const SLOWEST_RATE = 0.1
const LONGEST_HOLD_MS = 10 * MINUTE
/** A claim that comes this late may catch up; more would be a burst. */
const CARRY_MS = 50

/** Calls a second allowed now: the account's rate, or less while it recovers. */
const effectiveRate = ({ rate, rampAt, rampRate }: AccountState, now: number): number =>
  rampAt === null || rampRate === null
    ? rate
    : Math.min(rate, rampRate * 2 ** Math.max(0, (now - rampAt) / RAMP_DOUBLING_MS))

/** How many of the `want` calls may go now; `allowedAt` is what to remember, and when the next one may go. */
export const takeAllowance = (
  account: AccountState,
  now: number,
  want: number,
): { granted: number; allowedAt: number } => {
  const gap = SECOND / effectiveRate(account, now)
  const start = Math.max(account.allowedAt, now - CARRY_MS)
  const granted = start > now ? 0 : Math.min(want, Math.floor((now - start) / gap) + 1)
  return { granted, allowedAt: start + granted * gap }
}

/** What an answer means for the whole account; null for nothing, which is the usual case. */
export const accountChange = (
  account: AccountState,
  answer: Answer,
  moment: { now: number; othersInvalid: boolean; mostlyUnknown: boolean; invalidIds: number },
): AccountChange | null => {
  const { now } = moment
  if (account.pauseReason === 'operator') return null
  if (answer.kind === 'account' || answer.kind === 'clock')
    return pause(account, answer.kind === 'account' ? answer.fault : 'clock', answer.code, now)
  if (answer.kind === 'invalid_id' && moment.othersInvalid && moment.invalidIds >= 2)
    return pause(account, 'serial_not_received', answer.code, now)
  if (answer.kind === 'transient' && answer.cause === 'unknown_code' && moment.mostlyUnknown)
    return pause(account, 'unknown_code', answer.code ?? 0, now)
  if (answer.kind === 'throttled') {
    const hold = Math.min(answer.retryAfterMs ?? 0, LONGEST_HOLD_MS)
    if (account.pausedAt !== null) return pauseOn(account, now, hold)
    const rampRate = Math.max(SLOWEST_RATE, effectiveRate(account, now) / 2)
    return { kind: 'throttle', rampRate, rampAt: now + hold, allowedAt: Math.max(account.allowedAt, now + hold) }
  }
  if (account.pausedAt === null) return null
  if (answer.kind === 'transient' || answer.kind === 'invalid_id') return pauseOn(account, now, 0)
  return { kind: 'resume', ...slowStart(account.rate, now) }
}

/** The slow start after a pause, by canary or by hand. */
export const slowStart = (rate: number, now: number): { rampRate: number; rampAt: number } => ({
  rampRate: rate * SLOW_START_SHARE,
  rampAt: now,
})

/** A canary that told nothing: the pause goes on as it was, for `holdMs` at least. */
const pauseOn = (account: AccountState, now: number, holdMs: number): AccountChange => {
  const next = pause(account, account.pauseReason ?? 'unknown_code', account.pauseCode ?? 0, now)
  return { ...next, probeAt: Math.max(next.probeAt, now + holdMs) }
}

const pause = (
  { probes }: AccountState,
  reason: PauseReason,
  code: number,
  now: number,
): Extract<AccountChange, { kind: 'pause' }> => {
  const careful = reason === 'credentials_wrong' || reason === 'frozen'
  const delays = careful ? CAREFUL_PROBE_DELAYS_MS : PROBE_DELAYS_MS
  const delay = delays[Math.min(probes, delays.length - 1)] ?? MINUTE
  return { kind: 'pause', reason, code, probes: probes + 1, probeAt: now + delay }
}
