import type { Clock } from '../../core/clock.ts'
import { SECOND } from '../../core/duration.ts'
import type { Store } from '../../store/store.ts'
import type { WaitingRoom } from '../waiting-room.ts'

export interface LongPollDeps {
  store: Pick<Store, 'hints' | 'endedAmong'>
  sleep: Clock['sleep']
  waitingRoom: Pick<WaitingRoom, 'enter'>
}

interface Wait {
  partnerId: string
  ms: number
  /** Ends the wait. */
  signal: AbortSignal
}

/** The hint may not come from another node. */
const LOOK_AGAIN_MS = 1 * SECOND

/**
 * A call that waits for a registration to end is woken by the hint `resolved`, or by a look at the database: one a second, however many
 * wait.
 */
export const createLongPoll = ({ store, sleep, waitingRoom }: LongPollDeps) => {
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
   * Resolves when the registration ends, after `ms`, when the signal aborts, or when the connection is needed for somebody else
   * (`isNeeded`: close it after the answer); at once if too many calls are waiting.
   */
  return async (id: string, { partnerId, ms, signal }: Wait): Promise<{ isNeeded: boolean }> => {
    const place = waitingRoom.enter(partnerId)
    if (!place) return { isNeeded: false }
    const resolved = new AbortController()
    add(id, resolved)
    await sleep(ms, AbortSignal.any([signal, resolved.signal, place.needed])).catch(() => {})
    remove(id, resolved)
    place.leave()
    return { isNeeded: place.needed.aborted }
  }
}
