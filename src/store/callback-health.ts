import { type Callback, keyOf, type TurnedCallback } from './callbacks.ts'
import {
  afterAttemptAt,
  afterSuccess,
  type CallbackHealth,
  type CallbackPlan,
  endsHold,
  type HoldEnd,
} from './rules/callback-health.ts'
import type { MessagePlan } from './rules/settle-message.ts'

/** The health of the URLs that one run of a transaction works with: each is read once, and changed in memory. */
export interface HealthChanges {
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
  /** Whether this may end the hold of a URL, whose failures are forgotten then. */
  endHold(url: Callback, end: HoldEnd): boolean
  /** What has become of URLs in this run. */
  turns: readonly TurnedCallback[]
  /** What is to be written, each URL once; null: it works. What has been taken is not given again. */
  take(): (Callback & { health: CallbackHealth | null })[]
}

/** @param find as it is stored; null: it works */
export const createHealthChanges = (find: (url: Callback) => CallbackHealth | null): HealthChanges => {
  const known = new Map<string, CallbackHealth | null>()
  const changed = new Map<string, Callback & { health: CallbackHealth | null }>()
  const turns: TurnedCallback[] = []

  const get = (url: Callback): CallbackHealth | null => {
    const health = known.get(keyOf(url))
    if (health !== undefined) return health
    const found = find(url)
    known.set(keyOf(url), found)
    return found
  }

  const apply = (url: Callback, { health, turn }: CallbackPlan): void => {
    const before = get(url)
    const { partnerId, callbackUrl } = url
    const told = health ?? before
    if (turn && told) {
      const { failingSince, lastError } = told
      turns.push({ partnerId, callbackUrl, turn, failingSince, lastError })
    }
    if (health === before) return
    known.set(keyOf(url), health)
    changed.set(keyOf(url), { partnerId, callbackUrl, health })
  }

  return {
    get,
    apply,
    endHold: (url, end) => {
      if (!endsHold(end, get(url))) return false
      apply(url, afterSuccess(get(url)))
      return true
    },
    turns,
    take: () => {
      const taken = [...changed.values()]
      changed.clear()
      return taken
    },
  }
}

/** What holds the messages of a URL, and lets them go. */
interface Holding {
  pause: (url: Callback, at: number) => void
  release: (url: Callback) => unknown
}

/** What an attempt means for its URL: a 410, or days of failures, hold all that is for it; one that is answered well lets it go. */
export const applyAttempt = (
  url: Callback,
  { pauses, attempt }: Pick<MessagePlan, 'pauses' | 'attempt'>,
  { at, health, pause, release }: Holding & { at: number; health: Pick<HealthChanges, 'get' | 'apply'> },
): void => {
  if (pauses) pause(url, at)
  if (attempt === null) return
  const after = afterAttemptAt(health.get(url), attempt, at)
  health.apply(url, after)
  if (after.turn === 'disabled') pause(url, at)
  if (after.turn === 'enabled') release(url)
}
