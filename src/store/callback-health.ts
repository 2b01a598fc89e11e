import { type Callback, keyOf, type TurnedCallback } from './callbacks.ts'
import type { CallbackHealth, CallbackPlan } from './rules/callback-health.ts'

/** The health of the URLs that one run of a transaction works with: each is read once, and changed in memory. */
export interface HealthChanges {
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
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

  return {
    get,
    turns,
    apply: (url, { health, turn }) => {
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
    },
    take: () => {
      const taken = [...changed.values()]
      changed.clear()
      return taken
    },
  }
}
