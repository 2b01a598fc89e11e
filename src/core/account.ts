import { ACCOUNT_FAULTS, type Answer } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'
import { outageProbeDelay, silenceOf } from './outage.ts'

/** What an APIID can look like: it is named in the log and the audit. */
export const API_ID = /^[\w.@-]{1,128}$/

export const PAUSE_REASONS = [...ACCOUNT_FAULTS, 'operator'] as const
export type PauseReason = (typeof PAUSE_REASONS)[number]

/** What decides whether, and how fast, an account may be asked. Times are epoch ms, rates calls a second. */
export interface AccountState {
  rate: number
  pausedAt: number | null
  pauseReason: PauseReason | null
  /** The upstream code that caused the pause; null where an operator did. */
  pauseCode: number | null
  /** Since when GetResult cannot be reached, and why; null while it can, and during a pause. */
  unreachableAt: number | null
  unreachableError: string | null
  /** Canary calls since the pause or the outage began. */
  probes: number
  /** When the next canary may go; null while there is neither pause nor outage, or a pause by an operator. */
  probeAt: number | null
  /** The earliest time of the next call under the rate. */
  allowedAt: number
  /** When the rate began to grow again after a pause or a throttling, and from which rate; null at full speed. */
  rampAt: number | null
  rampRate: number | null
}

/** What an answer does to its account; written in the same transaction as what it does to its verification. */
export type AccountChange =
  | { kind: 'pause'; reason: PauseReason; code: number; probes: number; probeAt: number }
  | { kind: 'resume'; rampRate: number; rampAt: number }
  | { kind: 'throttle'; rampRate: number; rampAt: number; allowedAt: number }
  /** `error` is such as `unreachable: ECONNREFUSED`. */
  | { kind: 'unreachable'; error: string; since: number; probes: number; probeAt: number }
  | { kind: 'back' }

/** What to write to an account's row. */
export type AccountPatch = Partial<Omit<AccountState, 'rate'>>

const PROBE_DELAYS_MS = [1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]
/** Repeated bad logins may freeze an account for good. */
const CAREFUL_PROBE_DELAYS_MS = [10 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE]
/** The serials may be to blame, and the next one may be good. */
const SERIAL_PROBE_DELAYS_MS = [1 * MINUTE]
const RAMP_DOUBLING_MS = 10 * SECOND
const SLOW_START_SHARE = 1 / 8
const SLOWEST_RATE = 0.1
const LONGEST_HOLD_MS = 10 * MINUTE
/** A claim may make up for being this late; more would be a burst. */
const CARRY_MS = 50

type Ramp = Pick<AccountState, 'rate' | 'rampAt' | 'rampRate'>

/** Calls a second allowed now: the account's rate, or less while it recovers. */
export const effectiveRate = ({ rate, rampAt, rampRate }: Ramp, now: number): number =>
  rampAt === null || rampRate === null
    ? rate
    : Math.min(rate, rampRate * 2 ** Math.max(0, (now - rampAt) / RAMP_DOUBLING_MS))

/** How long `calls` take from now on, in ms: while the account recovers its rate doubles, and then is full. */
export const durationOf = (calls: number, account: Ramp, now: number): number => {
  const { rate, rampAt } = account
  // An upstream that asked for time has put the ramp's beginning ahead.
  const heldMs = Math.min(Math.max(0, (rampAt ?? now) - now), LONGEST_HOLD_MS)
  const from = effectiveRate(account, now)
  const perMs = Math.LN2 / RAMP_DOUBLING_MS
  const onRamp = (rate - from) / SECOND / perMs
  return calls <= onRamp
    ? heldMs + Math.log1p((calls * perMs * SECOND) / from) / perMs
    : heldMs + Math.log(rate / from) / perMs + ((calls - onRamp) / rate) * SECOND
}

/** Between two calls. */
const gapMs = (account: AccountState, now: number): number => SECOND / effectiveRate(account, now)
/** When the next call could have gone, which is at most `CARRY_MS` ago. */
const startOf = ({ allowedAt }: AccountState, now: number): number => Math.max(allowedAt, now - CARRY_MS)

/** Only a canary is asked about: the account is refused, or GetResult cannot be reached. */
export const isProbed = ({ pausedAt, unreachableAt }: Pick<AccountState, 'pausedAt' | 'unreachableAt'>): boolean =>
  pausedAt !== null || unreachableAt !== null

/** No canary waits longer: the longest delay of each kind, or the lease of the one before. */
const longestProbe = ({ pausedAt, pauseReason }: AccountState): number => {
  if (pausedAt === null) return 5 * MINUTE
  return Math.max(...probeDelays(pauseReason))
}

/**
 * The account as a claim takes it: times that lie further ahead than any rule puts them were written before the system's clock was set
 * back, and are over. Otherwise nothing would be asked for as long as the clock was set back by.
 */
export const withoutStepBack = <Account extends AccountState>(account: Account, now: number): Account => {
  const { rate, allowedAt, rampAt, probeAt } = account
  const slowestGapMs = SECOND / Math.min(SLOWEST_RATE, rate * SLOW_START_SHARE)
  // An upstream that asked for time has put both at the same time ahead.
  const isHeld =
    rampAt !== null && rampAt > now && rampAt <= now + LONGEST_HOLD_MS && allowedAt <= rampAt + slowestGapMs
  return {
    ...account,
    allowedAt: !isHeld && allowedAt > now + slowestGapMs ? now : allowedAt,
    rampAt: !isHeld && rampAt !== null && rampAt > now ? now : rampAt,
    probeAt: probeAt !== null && probeAt > now + longestProbe(account) ? now : probeAt,
  }
}

/** How many of the `want` calls may be made now: what the rate allows, or the canary, once it is due. */
export const allowance = (account: AccountState, now: number, want: number): number => {
  if (want <= 0) return 0
  if (isProbed(account)) return account.probeAt !== null && account.probeAt <= now ? 1 : 0
  const start = startOf(account, now)
  return start > now ? 0 : Math.min(want, Math.floor((now - start) / gapMs(account, now)) + 1)
}

/** After `taken` calls (at least one) have been claimed with a lease until `leaseEnd`. */
export const afterClaim = (
  account: AccountState,
  { now, taken, leaseEnd }: { now: number; taken: number; leaseEnd: number },
): AccountPatch => {
  const allowedAt = startOf(account, now) + taken * gapMs(account, now)
  // If a canary never returns, the next one goes when its lease has run out.
  return isProbed(account) ? { allowedAt, probeAt: leaseEnd } : { allowedAt }
}

/** When what is due at `dueAt` can be claimed at the earliest; null: not before an operator resumes the account. */
export const claimableAt = (account: AccountState, dueAt: number): number | null => {
  const from = isProbed(account) ? account.probeAt : account.allowedAt
  return from === null ? null : Math.max(dueAt, from)
}

/** What else decides what an answer means for its account. */
export interface AnswerMoment {
  now: number
  /** In [0, 1). */
  random: number
  othersInvalid: boolean
  mostlyUnknown: boolean
  invalidIds: number
  /** Since when GetResult could not be reached, this call included or up to it; null: it could. */
  outageSince: number | null
}

/** What an answer means for the whole account; null for nothing, which is the usual case. */
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
      return throttle(account, Math.min(answer.retryAfterMs ?? 0, LONGEST_HOLD_MS), now)
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
 * Applies the change to the account as it is when the answer is recorded: since the call was made, another answer or an
 * operator may have changed it. Null: nothing changes, because a pause by an operator outlives every answer.
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
      // Another call in flight may have been told to wait longer.
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
      // Another answer may have said so already. What was overdue goes at the rate as it was before.
      return account.unreachableAt === null ? null : RUNNING
    default:
      return change satisfies never
  }
}

/** A pause may be over once the key, or how it is sent, has been corrected: so the next canary goes at once. */
export const afterNewCredentials = ({ pausedAt, pauseReason }: AccountState, now: number): AccountPatch | null =>
  pausedAt === null || pauseReason === 'operator' ? null : { probes: 0, probeAt: now }

/** Nothing is asked, not even by a canary, until an operator resumes the account. */
export const pausedByOperator = (now: number): AccountPatch => ({ ...RUNNING, pausedAt: now, pauseReason: 'operator' })

/** Null: it is not paused, so nothing changes. What an answer has paused is tried at once, and only a good answer ends the pause. */
export const resumedByOperator = (account: AccountState, now: number): AccountPatch | null =>
  account.pauseReason === 'operator'
    ? { ...RUNNING, ...slowStart(account.rate, now) }
    : afterNewCredentials(account, now)

/** It is paused, and may work again: what came of the call that tries it is not known yet. */
export const isTried = ({ pausedAt, pauseReason, probes }: Pick<AccountState, 'pausedAt' | 'pauseReason' | 'probes'>) =>
  pausedAt !== null && pauseReason !== 'operator' && probes === 0

/** What waits for an account that is removed is asked to its end: nobody could end an operator's pause any more. */
export const removedByOperator = (account: AccountState, now: number): AccountPatch | null =>
  account.pauseReason === 'operator' ? resumedByOperator(account, now) : null

/** After a pause, whoever ended it. */
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
