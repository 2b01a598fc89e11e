import { ACCOUNT_FAULTS, type Answer } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'
import { outageProbeDelay, silenceOf } from './outage.ts'

/** Form of an APIID, which appears in the log and the audit. */
export const API_ID = /^[\w.@-]{1,128}$/

export const PAUSE_REASONS = [...ACCOUNT_FAULTS, 'operator'] as const
export type PauseReason = (typeof PAUSE_REASONS)[number]

/** The state that decides whether, and how fast, an account may be polled. Times are epoch ms, rates calls a second. */
export interface AccountState {
  rate: number
  pausedAt: number | null
  pauseReason: PauseReason | null
  /** Upstream code that caused the pause; null if an operator did. */
  pauseCode: number | null
  /** Since when, and why, GetResult cannot be reached; null while it can, and during a pause. */
  unreachableAt: number | null
  unreachableError: string | null
  /** Number of canary calls since the pause or the outage began. */
  probes: number
  /** Earliest time of the next canary; null without a pause or an outage, and during a pause by an operator. */
  probeAt: number | null
  /** Earliest time of the next call under the rate. */
  allowedAt: number
  /** When the rate last began to grow again after a pause or throttling, and from which rate; null if it never did. */
  rampAt: number | null
  rampRate: number | null
}

/** The effect of an answer on its account, written in one transaction with the effect on its verification. */
export type AccountChange =
  | { kind: 'pause'; reason: PauseReason; code: number; probes: number; probeAt: number }
  | { kind: 'resume'; rampRate: number; rampAt: number }
  | { kind: 'throttle'; rampRate: number; rampAt: number; allowedAt: number }
  /** `error` is the cause, with its detail if any, such as `unreachable: ECONNREFUSED`. */
  | { kind: 'unreachable'; error: string; since: number; probes: number; probeAt: number }
  | { kind: 'back' }

/** The changes to an account's row. */
export type AccountPatch = Partial<Omit<AccountState, 'rate'>>

const PROBE_DELAYS_MS = [1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]
/** Repeated wrong logins may freeze an account for good. */
const CAREFUL_PROBE_DELAYS_MS = [10 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE]
/** The serials may be at fault, and the next one may be good. */
const SERIAL_PROBE_DELAYS_MS = [1 * MINUTE]
const RAMP_DOUBLING_MS = 10 * SECOND
const SLOW_START_SHARE = 1 / 8
const SLOWEST_RATE = 0.1
const MAX_HOLD_MS = 10 * MINUTE
/** How much lateness a claim may make up for; more would be a burst. */
const CARRY_MS = 50

type Ramp = Pick<AccountState, 'rate' | 'rampAt' | 'rampRate'>

/** Calls a second allowed now: the account's rate, or less while it recovers. */
export const effectiveRate = ({ rate, rampAt, rampRate }: Ramp, now: number): number =>
  rampAt === null || rampRate === null
    ? rate
    : Math.min(rate, rampRate * 2 ** Math.max(0, (now - rampAt) / RAMP_DOUBLING_MS))

/** Duration of `calls` from now on, in ms. While the account recovers, its rate doubles until it is full. */
export const durationOf = (calls: number, account: Ramp, now: number): number => {
  const { rate, rampAt } = account
  // An upstream that asked for time has put the beginning of the ramp ahead.
  const heldMs = Math.min(Math.max(0, (rampAt ?? now) - now), MAX_HOLD_MS)
  const from = effectiveRate(account, now)
  const perMs = Math.LN2 / RAMP_DOUBLING_MS
  const onRamp = (rate - from) / SECOND / perMs
  return calls <= onRamp
    ? heldMs + Math.log1p((calls * perMs * SECOND) / from) / perMs
    : heldMs + Math.log(rate / from) / perMs + ((calls - onRamp) / rate) * SECOND
}

/** Time between two calls. */
const gapMs = (account: AccountState, now: number): number => SECOND / effectiveRate(account, now)
/** When the next call could have been made, at most `CARRY_MS` ago. */
const startOf = ({ allowedAt }: AccountState, now: number): number => Math.max(allowedAt, now - CARRY_MS)

/** Whether at most a canary is polled: the account is paused, or GetResult cannot be reached. */
export const isProbed = ({ pausedAt, unreachableAt }: Pick<AccountState, 'pausedAt' | 'unreachableAt'>): boolean =>
  pausedAt !== null || unreachableAt !== null

/** Longest wait of a canary: the longest delay of its kind, or the lease of the one before. */
const longestProbe = ({ pausedAt, pauseReason }: AccountState): number => {
  if (pausedAt === null) return 5 * MINUTE
  return Math.max(...probeDelays(pauseReason))
}

/**
 * The account as a claim takes it. Times further ahead than any rule sets were written before the system's clock was
 * set back, and count as past. Otherwise polling would stop for as long as the clock was set back by.
 */
export const withoutStepBack = <Account extends AccountState>(account: Account, now: number): Account => {
  const { rate, allowedAt, rampAt, probeAt } = account
  const slowestGapMs = SECOND / Math.min(SLOWEST_RATE, rate * SLOW_START_SHARE)
  // An upstream that asked for time has put both times ahead together.
  const isHeld = rampAt !== null && rampAt > now && rampAt <= now + MAX_HOLD_MS && allowedAt <= rampAt + slowestGapMs
  return {
    ...account,
    allowedAt: !isHeld && allowedAt > now + slowestGapMs ? now : allowedAt,
    rampAt: !isHeld && rampAt !== null && rampAt > now ? now : rampAt,
    probeAt: probeAt !== null && probeAt > now + longestProbe(account) ? now : probeAt,
  }
}

/** How many of the `want` calls may be made now: as many as the rate allows, or the canary if it is due. */
export const allowance = (account: AccountState, now: number, want: number): number => {
  if (want <= 0) return 0
  if (isProbed(account)) return account.probeAt !== null && account.probeAt <= now ? 1 : 0
  const start = startOf(account, now)
  return start > now ? 0 : Math.min(want, Math.floor((now - start) / gapMs(account, now)) + 1)
}

/** Returns the changes after a claim of `taken` calls (at least one) with a lease until `leaseEnd`. */
export const afterClaim = (
  account: AccountState,
  { now, taken, leaseEnd }: { now: number; taken: number; leaseEnd: number },
): AccountPatch => {
  const allowedAt = startOf(account, now) + taken * gapMs(account, now)
  // If a canary never returns, the next one is due when its lease ends.
  return isProbed(account) ? { allowedAt, probeAt: leaseEnd } : { allowedAt }
}

/** When a poll due at `dueAt` can be claimed at the earliest, or null until an operator resumes the account. */
export const claimableAt = (account: AccountState, dueAt: number): number | null => {
  const from = isProbed(account) ? account.probeAt : account.allowedAt
  return from === null ? null : Math.max(dueAt, from)
}

/** The other facts that decide the effect of an answer on its account. */
export interface AnswerMoment {
  now: number
  /** In [0, 1). */
  random: number
  othersInvalid: boolean
  mostlyUnknown: boolean
  invalidIds: number
  /** Since when GetResult could not be reached, up to or including this call; null if it could. */
  outageSince: number | null
}

/** Returns the effect of an answer on the whole account, or null for none, the usual case. */
export const accountChange = (account: AccountState, answer: Answer, moment: AnswerMoment): AccountChange | null => {
  const { now, outageSince } = moment
  if (account.pauseReason === 'operator') return null
  const isPaused = account.pausedAt !== null
  const back: AccountChange | null = outageSince === null ? null : { kind: 'back' }
  switch (answer.kind) {
    case 'account':
      return pause(account, answer.fault, answer.code, now)
    case 'clock':
      return pause(account, 'clock', answer.code, now)
    case 'throttled':
      return throttle(account, Math.min(answer.retryAfterMs ?? 0, MAX_HOLD_MS), now)
    case 'invalid_id':
      if (moment.othersInvalid && moment.invalidIds >= 2) return pause(account, 'serial_not_received', answer.code, now)
      return isPaused ? pauseOn(account, now, 0) : back
    case 'transient': {
      const { code, cause, detail } = answer
      if (cause === 'unknown_code' && moment.mostlyUnknown) return pause(account, 'unknown_code', code ?? 0, now)
      if (isPaused) return pauseOn(account, now, 0)
      if (outageSince === null || silenceOf(answer) === null) return back
      const error = detail === undefined ? cause : `${cause}: ${detail}`
      const probeAt = Math.ceil(now + outageProbeDelay(account.probes, moment.random))
      return { kind: 'unreachable', error, since: outageSince, probes: account.probes + 1, probeAt }
    }
    case 'verdict':
    case 'waiting':
    case 'unknown_status':
    case 'not_found':
      return isPaused ? { kind: 'resume', ...slowStart(account.rate, now) } : back
    default:
      return answer satisfies never
  }
}

const REACHABLE = { unreachableAt: null, unreachableError: null } as const
export const RUNNING = { pausedAt: null, pauseReason: null, pauseCode: null, ...REACHABLE, probes: 0, probeAt: null }

/**
 * Applies a change to the account as it is when the answer is recorded: another answer or an operator may have changed
 * it since the call. Returns null if nothing changes, such as during a pause by an operator, which outlives every
 * answer.
 */
export const afterAccountChange = (account: AccountState, change: AccountChange, now: number): AccountPatch | null => {
  if (account.pauseReason === 'operator') return null
  switch (change.kind) {
    case 'pause': {
      const { reason: pauseReason, code: pauseCode, probes, probeAt } = change
      return { pausedAt: account.pausedAt ?? now, pauseReason, pauseCode, ...REACHABLE, probes, probeAt }
    }
    case 'resume':
      return { ...RUNNING, rampRate: change.rampRate, rampAt: change.rampAt }
    case 'throttle':
      // Another call in flight may have been asked to wait longer.
      return {
        ...(account.unreachableAt === null ? {} : RUNNING),
        rampRate: change.rampRate,
        rampAt: Math.max(change.rampAt, account.rampAt ?? 0),
        allowedAt: Math.max(change.allowedAt, account.allowedAt),
      }
    case 'unreachable': {
      if (account.pausedAt !== null) return null
      const { since, error: unreachableError, probes, probeAt } = change
      return { unreachableAt: account.unreachableAt ?? since, unreachableError, probes, probeAt }
    }
    case 'back':
      // Another answer may have ended the outage already. Overdue polls go at the rate of before.
      return account.unreachableAt === null ? null : RUNNING
    default:
      return change satisfies never
  }
}

/** A correction of the key, or of how it is sent, may end a pause: so the next canary is due at once. */
export const afterNewCredentials = ({ pausedAt, pauseReason }: AccountState, now: number): AccountPatch | null =>
  pausedAt === null || pauseReason === 'operator' ? null : { probes: 0, probeAt: now }

/** Nothing is polled, not even by a canary, until an operator resumes the account. */
export const pausedByOperator = (now: number): AccountPatch => ({ ...RUNNING, pausedAt: now, pauseReason: 'operator' })

/** Null if the account is not paused. A pause caused by an answer is tried at once; only a good answer ends it. */
export const resumedByOperator = (account: AccountState, now: number): AccountPatch | null =>
  account.pauseReason === 'operator'
    ? { ...RUNNING, ...slowStart(account.rate, now) }
    : afterNewCredentials(account, now)

/** Whether the account is paused and being tried: the canary's answer is not known yet. */
export const isTried = ({ pausedAt, pauseReason, probes }: Pick<AccountState, 'pausedAt' | 'pauseReason' | 'probes'>) =>
  pausedAt !== null && pauseReason !== 'operator' && probes === 0

/** Lifts an operator's pause of a removed account, which nobody could end any more: polls go on to their end. */
export const removedByOperator = (account: AccountState, now: number): AccountPatch | null =>
  account.pauseReason === 'operator' ? resumedByOperator(account, now) : null

/** After a pause, however it ended. */
const slowStart = (rate: number, now: number) => ({ rampRate: rate * SLOW_START_SHARE, rampAt: now })

/** After a canary that says nothing about the account: the pause goes on for the same reason, for at least `holdMs`. */
const pauseOn = (account: AccountState, now: number, holdMs: number): AccountChange => {
  const next = pause(account, account.pauseReason ?? 'unknown_code', account.pauseCode ?? 0, now)
  return { ...next, probeAt: Math.max(next.probeAt, now + holdMs) }
}

/** A canary that is throttled ends no pause. */
const throttle = (account: AccountState, holdMs: number, now: number): AccountChange => {
  if (account.pausedAt !== null) return pauseOn(account, now, holdMs)
  const rampRate = Math.max(SLOWEST_RATE, effectiveRate(account, now) / 2)
  return { kind: 'throttle', rampRate, rampAt: now + holdMs, allowedAt: Math.max(account.allowedAt, now + holdMs) }
}

const probeDelays = (reason: PauseReason | null): readonly number[] => {
  if (reason === 'serial_not_received') return SERIAL_PROBE_DELAYS_MS
  return reason === 'credentials_wrong' || reason === 'frozen' ? CAREFUL_PROBE_DELAYS_MS : PROBE_DELAYS_MS
}

const pause = ({ probes }: AccountState, reason: PauseReason, code: number, now: number) => {
  const delays = probeDelays(reason)
  const delay = delays[Math.min(probes, delays.length - 1)] ?? MINUTE
  return { kind: 'pause' as const, reason, code, probes: probes + 1, probeAt: now + delay }
}
