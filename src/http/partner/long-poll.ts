import type { Clock } from '../../core/clock.ts'
import { SECOND } from '../../core/duration.ts'
import { createInFlight } from '../../core/in-flight.ts'
import type { Store } from '../../store/store.ts'

export interface LongPollDeps {
  store: Pick<Store, 'hints' | 'endedAmong'>
  sleep: Clock['sleep']
}

interface Wait {
  partnerId: string
  ms: number
  /** Ends the wait. */
  signal: AbortSignal
}

/** Of one partner, and of all: three quarters of the connections that there may be, the others are for those who do not wait. */
const MOST_OF_A_PARTNER = 64
const MOST = 3_072
/** The hint may not come from another node. */
const LOOK_AGAIN_MS = 1 * SECOND

/**
 * A call that waits for a registration to end is woken by the hint `resolved`, or by a look at the database: one a second, however many
 * wait.
 */
export const createLongPoll = ({ store, sleep }: LongPollDeps) => {
  const waits = createInFlight()
  const waiting = new Map<string, Set<AbortController>>()

  const wake = (ids: readonly string[]) => {
    for (const id of ids) for (const call of waiting.get(id) ?? []) call.abort()
  }
  store.hints.on('resolved', wake)

  let isLooking = false
  const lookAgain = async () => {
    isLooking = true
    while (waiting.size > 0) {
      await sleep(LOOK_AGAIN_MS)
      // Where the database is away, the next look may find it.
      if (waiting.size > 0) await store.endedAmong([...waiting.keys()]).then(wake, () => {})
    }
    isLooking = false
  }

  const add = (id: string, call: AbortController) => {
    const others = waiting.get(id) ?? new Set()
    waiting.set(id, others.add(call))
    if (!isLooking) void lookAgain()
  }
  const remove = (id: string, call: AbortController) => {
    const others = waiting.get(id)
    others?.delete(call)
    if (others?.size === 0) waiting.delete(id)
  }

  /**
   * Resolves when the registration ends, after `ms`, or when the signal aborts; at once if too many calls are waiting.
   */
  return async (id: string, { partnerId, ms, signal }: Wait): Promise<void> => {
    if ((waits.counts.get(partnerId) ?? 0) >= MOST_OF_A_PARTNER || waits.total() >= MOST) return
    waits.start(partnerId)
    const resolved = new AbortController()
    add(id, resolved)
    await sleep(ms, AbortSignal.any([signal, resolved.signal])).catch(() => {})
    remove(id, resolved)
    waits.end(partnerId)
  }
}
