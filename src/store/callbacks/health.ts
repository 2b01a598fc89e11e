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

/** The same text for the same URL of the same partner. */
export const callbackKey = ({ partnerId, callbackUrl }: Callback): string => `${partnerId} ${callbackUrl}`

/**
 * `watched`: only failed attempts so far. `failing`: for so long that operators are told. Held: `disabled`, by five days of failures or
 * by an operator, and `gone`, after a 410. `releasing`: held no more; claims make its messages due, a few hundred each.
 */
export const CALLBACK_STATES = ['watched', 'failing', 'disabled', 'gone', 'releasing'] as const

/** What is known of a callback URL of a partner; of one that works, nothing. Epoch ms. */
export interface CallbackHealth {
  state: (typeof CALLBACK_STATES)[number]
  /** Since when all attempts failed; where it answered 410, when that was. */
  failingSince: number
  /** Failed attempts, counted up to `ENOUGH_ATTEMPTS`. */
  attempts: number
  /** How the last one failed, as its partner is told: `http_503`, or the error of an attempt. */
  lastError: string
  /** When it failed last, to the hour, so that not every attempt is a write. While `releasing`, when it was released last, if ever. */
  lastAt: number
  /** Since when its messages are held; null: they are not. */
  heldSince: number | null
}

/** How the state of a URL changes: `recovered` is from `failing`, `enabled` from `disabled`. */
type CallbackTransition = 'failing' | 'disabled' | 'recovered' | 'enabled'

export interface CallbackPlan {
  /** As it is now; null: nothing is wrong. The same object: nothing has changed. */
  health: CallbackHealth | null
  transition: CallbackTransition | null
}

export type CallbackRow = Callback & CallbackHealth

export interface ChangedCallback extends Callback, Pick<CallbackHealth, 'failingSince' | 'lastError'> {
  transition: CallbackTransition
}

/** A URL that fails, or for which messages are held. Times are epoch ms. */
export interface CallbackTrouble extends Callback {
  /** `gone`: it answered 410. */
  state: 'failing' | 'disabled' | 'gone'
  /** Since when all attempts failed; where it answered 410, when that was. */
  since: number
  /** Since when messages are held; null: none are. */
  heldSince: number | null
  /** How the last attempt failed: `http_503`, or the error of an attempt; null: it answered 410. */
  lastError: string | null
  /** Messages that are held, counted up to `MOST_HELD`. */
  held: number
}

/** A webhook that tells a partner, at its URL `url`, that `callbackUrl` is disabled. Times are epoch ms. */
export interface CallbackNotice extends Callback, Pick<CallbackHealth, 'failingSince' | 'lastError'> {
  /** The same for every try. */
  id: string
  url: string
  disabledAt: number
  /** Which try it is, from 1. */
  attempt: number
}

/** Fewer attempts say too little, however old the first one is. */
const ENOUGH_ATTEMPTS = 10
const FAILING_AFTER_MS = HOUR
const DISABLED_AFTER_MS = 5 * DAY
/** A URL that nothing has been sent to for so long is counted as failing no more: longer than the pauses of the schedule. */
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

/** When a URL works, or is taken to work: what was held for it goes out. */
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
 * After an attempt that reached the receiver, or failed because of it.
 *
 * @param attempt.holdsUrl it is a 410, and its claim still holds: that of an older one changes nothing
 */
export const afterAttemptAt = (
  health: CallbackHealth | null,
  attempt: { outcome: AttemptKind; httpStatus: number | null; error: string | null; holdsUrl: boolean },
  at: number,
): CallbackPlan => {
  const { outcome, httpStatus, error, holdsUrl } = attempt
  const because = heldBecause(health)
  if (outcome === 'delivered' && (because === null || because === 'disabled')) return afterSuccess(health)
  // What was under way when it was held says nothing new, not even a 410: a good test is still to enable what is disabled.
  if (because !== null) return { health, transition: null }
  if (outcome === 'gone') return { health: holdsUrl ? gone(at) : health, transition: null }
  if (health?.state === 'releasing') return { health, transition: null }
  // What failed before nothing was sent for so long says nothing about the time in between.
  if (health !== null && at - health.lastAt > STILL_FAILING_MS) return afterAttemptAt(null, attempt, at)
  // A clock that was set back leaves no beginning that lies ahead.
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

/** Why the messages for a URL are held; null: they are not. */
export const heldBecause = (health: Pick<CallbackHealth, 'state' | 'lastError'> | null): HeldBecause | null => {
  if (health?.state === 'gone') return 'gone'
  if (health?.state !== 'disabled') return null
  return health.lastError === BY_OPERATOR ? BY_OPERATOR : 'disabled'
}

/** What may end a hold: the URL is registered again, a message resent to it, a test answered well, or an operator says so. */
export type HoldEnd = 'registration' | 'resend' | 'test' | 'operator'

/** Whether messages are held that this lets go: what an operator holds only an operator does. */
export const endsHold = (end: HoldEnd, health: CallbackHealth | null): boolean => {
  const because = heldBecause(health)
  return because !== null && (because !== BY_OPERATOR || end === 'operator')
}

/** When the notice of a URL is due whose health has just changed; null: there is none. */
export const firstNoticeAt = (health: CallbackHealth, at: number): number | null =>
  heldBecause(health) === 'disabled' ? at : null
