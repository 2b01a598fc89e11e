import { DAY, HOUR } from '../../core/duration.ts'
import type { AttemptKind, HeldBecause } from '../store.ts'

export const CALLBACK_STATES = ['watched', 'failing', 'disabled'] as const

/** A callback URL of a partner whose attempts have only failed since `failingSince`. Epoch ms. */
export interface CallbackHealth {
  failingSince: number
  /** Failed attempts, counted up to `ENOUGH_ATTEMPTS`. */
  attempts: number
  /** How the last one failed, as its partner is told: `http_503`, or the error of an attempt. */
  lastError: string
  /** When it failed last, to the hour, so that not every attempt is a write. */
  lastAt: number
  /** `failing`: it is worth telling. `disabled`: its messages are held. */
  state: (typeof CALLBACK_STATES)[number]
}

/** What became of a URL: `recovered` is from `failing`, `enabled` from `disabled`. */
export type CallbackTurn = 'failing' | 'disabled' | 'recovered' | 'enabled'

export interface CallbackPlan {
  /** As it is now; null: nothing is wrong. The same object: nothing has changed. */
  health: CallbackHealth | null
  turn: CallbackTurn | null
}

/** Fewer attempts say too little, however old the first one is. */
const ENOUGH_ATTEMPTS = 10
const FAILING_AFTER_MS = HOUR
const DISABLED_AFTER_MS = 5 * DAY
/** A URL that nothing has been sent to for so long is counted as failing no more: longer than the pauses of the schedule. */
export const STILL_FAILING_MS = 2 * DAY

const BY_OPERATOR = 'operator'

/** What becomes of a URL that an operator disables. */
export const disabledByOperator = (at: number): CallbackPlan => ({
  health: { failingSince: at, attempts: 0, lastError: BY_OPERATOR, lastAt: at, state: 'disabled' },
  turn: null,
})

/** What happens when a URL works, or is taken to work. */
export const afterSuccess = (health: CallbackHealth | null): CallbackPlan => ({
  health: null,
  turn: health?.state === 'disabled' ? 'enabled' : health?.state === 'failing' ? 'recovered' : null,
})

const stateAt = (failingSince: number, attempts: number, at: number): CallbackHealth['state'] => {
  if (attempts < ENOUGH_ATTEMPTS || at - failingSince < FAILING_AFTER_MS) return 'watched'
  return at - failingSince < DISABLED_AFTER_MS ? 'failing' : 'disabled'
}

/** What an attempt changes that reached its receiver, or failed because of it. After a 410 a URL that is not disabled is on hold for that. */
export const afterAttemptAt = (
  health: CallbackHealth | null,
  attempt: { outcome: AttemptKind; httpStatus: number | null; error: string | null },
  at: number,
): CallbackPlan => {
  if (heldBecause(health) === 'operator') return { health, turn: null }
  if (attempt.outcome === 'delivered') return afterSuccess(health)
  // What was under way when it was disabled says nothing new, not even a 410: a good test is still to end the hold.
  if (health?.state === 'disabled') return { health, turn: null }
  if (attempt.outcome === 'gone') return { health: null, turn: null }
  // What failed before nothing was sent for so long says nothing about the time in between.
  if (health !== null && at - health.lastAt > STILL_FAILING_MS) return afterAttemptAt(null, attempt, at)
  // A clock that was set back leaves no beginning that lies ahead.
  const failingSince = Math.min(health?.failingSince ?? at, at)
  const attempts = Math.min((health?.attempts ?? 0) + 1, ENOUGH_ATTEMPTS)
  const lastError = attempt.httpStatus === null ? (attempt.error ?? 'no_response') : `http_${attempt.httpStatus}`
  const reached = stateAt(failingSince, attempts, at)
  const state = reached === 'watched' ? (health?.state ?? reached) : reached
  const lastAt = health !== null && Math.abs(at - health.lastAt) < HOUR ? health.lastAt : at
  const isSame =
    health !== null &&
    health.lastAt === lastAt &&
    health.failingSince === failingSince &&
    health.attempts === attempts &&
    health.lastError === lastError &&
    health.state === state
  if (isSame) return { health, turn: null }
  const turn = state === 'watched' || state === health?.state ? null : state
  return { health: { failingSince, attempts, lastError, lastAt, state }, turn }
}

/** Why the messages for a URL are held. */
export const heldBecause = (health: Pick<CallbackHealth, 'state' | 'lastError'> | null): HeldBecause =>
  health?.state !== 'disabled' ? 'gone' : health.lastError === BY_OPERATOR ? BY_OPERATOR : 'disabled'

/** By what messages are held, and who may end that: a 410 says that nobody shall send there, which only a new order takes back. */
const ENDED_BY = {
  gone: ['registration', 'resend', 'operator'],
  disabled: ['registration', 'resend', 'operator', 'test'],
  operator: ['operator'],
} as const satisfies Record<HeldBecause, readonly string[]>

/** What may end a hold: the URL is registered again, a message resent to it, a test answered well, or an operator says so. */
export type HoldEnd = (typeof ENDED_BY)['disabled'][number]

export const endsHold = (end: HoldEnd, health: CallbackHealth | null): boolean =>
  (ENDED_BY[heldBecause(health)] as readonly HoldEnd[]).includes(end)

/** So many held messages a transaction makes due when their hold has ended; claims go on with the rest, as many each. */
export const RELEASED_TOGETHER = 300

/** Nobody needs it any more: nothing has failed there since `before`. What is disabled is forgotten with its hold. */
export const mayForgetHealth = ({ lastAt, state }: CallbackHealth, before: number): boolean =>
  state !== 'disabled' && lastAt < before
