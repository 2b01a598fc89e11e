import { HOUR } from '../core/duration.ts'
import { hostOf } from '../store/rules/lane.ts'
import type { TurnedCallback } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Of one host, what has happened to URLs is told once in so long; others are counted meanwhile. */
const TELL_EVERY_MS = HOUR
/** Hosts that are remembered for that, the one told longest ago forgotten first: then it is told once more. */
const MOST_REMEMBERED = 1_000

type Turn = TurnedCallback['turn']

/**
 * Tells that URLs fail, are disabled, or work again. A host may have thousands of URLs, one for each order.
 *
 * @param now monotonic ms
 */
export const createCallbackReport = (emit: Emit<`callback.${Turn}`>, now: () => number) => {
  const told = new Map<string, { at: number; untold: number }>()

  const tell = ({ partnerId, callbackUrl, turn, failingSince, lastError }: TurnedCallback): void => {
    const host = hostOf(callbackUrl)
    const key = `${turn} ${partnerId} ${host}`
    const [at, before] = [now(), told.get(key)]
    if (before && at - before.at < TELL_EVERY_MS) {
      before.untold++
      return
    }
    told.delete(key)
    const [oldest] = told.size >= MOST_REMEMBERED ? told.keys() : []
    if (oldest !== undefined) told.delete(oldest)
    told.set(key, { at, untold: 0 })
    const since = new Date(failingSince).toISOString()
    emit(`callback.${turn}`, { partnerId, host, since, error: lastError, urls: 1 + (before?.untold ?? 0) })
  }

  return (turns: readonly TurnedCallback[]): void => {
    for (const turned of turns) tell(turned)
  }
}
