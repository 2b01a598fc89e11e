import { isDeepStrictEqual } from 'node:util'
import { DAY, HOUR } from '../../core/duration.ts'
import type { AttemptKind } from '../messages/message.ts'

/** A callback URL of a partner. */
export interface Callback {
  partnerId: string
  callbackUrl: string
}

/** Why messages are held. */
export type HeldBecause = 'gone' | 'disabled' | 'operator'

/** Key of a partner's URL. */
export const callbackKey = ({ partnerId, callbackUrl }: Callback): string => `${partnerId} ${callbackUrl}`

/**
 * `watched`: only failed attempts so far. `failing`: for long enough that operators are notified. Held: `disabled`,
 * after five days of failures or by an operator, and `gone`, after a 410. `releasing`: no longer held; claims make its
 * messages due, a few hundred each.
 */
export const CALLBACK_STATES = ['watched', 'failing', 'disabled', 'gone', 'releasing'] as const

/** Stored state of a partner's callback URL; a URL that works has none. Times are epoch ms. */
export interface CallbackHealth {
  state: (typeof CALLBACK_STATES)[number]
  /** Since when all attempts failed; after a 410, when it came. */
  failingSince: number
  /** Failed attempts, counted up to `ENOUGH_ATTEMPTS`. */
  attempts: number
  /** The last failure: `http_503`, the error of an attempt, or `BY_OPERATOR`. */
  lastError: string
  /** Last failure, to the hour, so that not every attempt is a write; while `releasing`, the last release, if any. */
  lastAt: number
  /** Since when its messages are held; null if they are not. */
  heldSince: number | null
}

/** How the state of a URL changes: `recovered` is from `failing`, `enabled` from `disabled`. */
type CallbackTransition = 'failing' | 'disabled' | 'recovered' | 'enabled'

export interface CallbackPlan {
  /** The new state; null if the URL works; the same object if nothing has changed. */
  health: CallbackHealth | null
  transition: CallbackTransition | null
}

export type CallbackRow = Callback & CallbackHealth

export interface ChangedCallback extends Callback, Pick<CallbackHealth, 'failingSince' | 'lastError'> {
  transition: CallbackTransition
}

/** A URL that fails, or for which messages are held. Times are epoch ms. */
export interface CallbackTrouble extends Callback {
  /** `gone`: it responded with 410. */
  state: 'failing' | 'disabled' | 'gone'
  /** Since when all attempts failed; after a 410, when it came. */
  since: number
  /** Since when messages are held; null if none are. */
  heldSince: number | null
  /** How the last attempt failed: `http_503`, or the error of an attempt; null after a 410. */
  lastError: string | null
  /** Number of held messages, counted up to `MAX_HELD`. */
  held: number
}

/** A URL stays `watched` until it has this many failed attempts, however old the first one is. */
const ENOUGH_ATTEMPTS = 10
const FAILING_AFTER_MS = HOUR
const DISABLED_AFTER_MS = 5 * DAY
/** A URL without an attempt for this long no longer counts as failing. Longer than the pauses of the schedule. */
export const STILL_FAILING_MS = 2 * DAY

/** The last error of a URL that an operator has disabled. */
export const BY_OPERATOR = 'operator'

export const disabledByOperator = (at: number): CallbackPlan => ({
  health: { state: 'disabled', failingSince: at, attempts: 0, lastError: BY_OPERATOR, lastAt: at, heldSince: at },
  transition: null,
})

const gone = (at: number): CallbackHealth => ({
  state: 'gone',
  failingSince: at,
  attempts: 0,
  lastError: 'http_410',
  lastAt: at,
  heldSince: at,
})

/** Plan for a URL that works, or is taken to work: its held messages are released. */
export const afterSuccess = (health: CallbackHealth | null): CallbackPlan => {
  if (health?.state === 'releasing') return { health, transition: null }
  if (health?.heldSince == null) return { health: null, transition: health?.state === 'failing' ? 'recovered' : null }
  return {
    health: { ...health, state: 'releasing', heldSince: null },
    transition: health.state === 'disabled' ? 'enabled' : null,
  }
}

const stateAt = (failingSince: number, attempts: number, at: number): 'watched' | 'failing' | 'disabled' => {
  if (attempts < ENOUGH_ATTEMPTS || at - failingSince < FAILING_AFTER_MS) return 'watched'
  return at - failingSince < DISABLED_AFTER_MS ? 'failing' : 'disabled'
}

/**
 * Plan after an attempt that reached the receiver, or failed because of it.
 *
 * @param attempt.holdsUrl it is a 410 and its claim still holds; a 410 of an older claim changes nothing
 * @param attempt.claimedAt null: its claim no longer holds. Claimed under a hold, it was resent: its 2xx ends the hold
 */
export const afterAttemptAt = (
  health: CallbackHealth | null,
  attempt: {
    outcome: AttemptKind
    httpStatus: number | null
    error: string | null
    holdsUrl: boolean
    claimedAt: number | null
  },
  at: number,
): CallbackPlan => {
  const { outcome, httpStatus, error, holdsUrl, claimedAt } = attempt
  const because = heldBecause(health)
  const isResent = claimedAt !== null && claimedAt > (health?.heldSince ?? claimedAt)
  if (outcome === 'delivered' && because !== BY_OPERATOR && (because !== 'gone' || isResent))
    return afterSuccess(health)
  // Other attempts change nothing, not even a 410: a good test must still enable a disabled URL.
  if (because !== null) return { health, transition: null }
  if (outcome === 'gone') return { health: holdsUrl ? gone(at) : health, transition: null }
  if (health?.state === 'releasing') return { health, transition: null }
  // After so long a gap, earlier failures say nothing about the time in between.
  if (health !== null && at - health.lastAt > STILL_FAILING_MS) return afterAttemptAt(null, attempt, at)
  // After the clock was set back, the first failure may lie in the future.
  const failingSince = Math.min(health?.failingSince ?? at, at)
  const attempts = Math.min((health?.attempts ?? 0) + 1, ENOUGH_ATTEMPTS)
  const lastError = httpStatus === null ? (error ?? 'no_response') : `http_${httpStatus}`
  const reached = stateAt(failingSince, attempts, at)
  const state = reached === 'watched' && health?.state === 'failing' ? 'failing' : reached
  const lastAt = health !== null && Math.abs(at - health.lastAt) < HOUR ? health.lastAt : at
  const next = { state, failingSince, attempts, lastError, lastAt, heldSince: state === 'disabled' ? at : null }
  if (isDeepStrictEqual(next, health)) return { health, transition: null }
  return { health: next, transition: state === 'watched' || state === health?.state ? null : state }
}

/** Returns why the messages for a URL are held, or null if they are not. */
export const heldBecause = (health: Pick<CallbackHealth, 'state' | 'lastError'> | null): HeldBecause | null => {
  if (health?.state === 'gone') return 'gone'
  if (health?.state !== 'disabled') return null
  return health.lastError === BY_OPERATOR ? BY_OPERATOR : 'disabled'
}

/** Causes that may end a hold, beside a 2xx: a new registration of the URL, a successful test, or an operator. */
export type HoldEnd = 'registration' | 'test' | 'operator'

/** Whether `end` ends the hold of a URL. Only an operator ends an operator's hold. */
export const endsHold = (end: HoldEnd, health: CallbackHealth | null): boolean => {
  const because = heldBecause(health)
  return because !== null && (because !== BY_OPERATOR || end === 'operator')
}
