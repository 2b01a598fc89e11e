import type { Clock } from '../../core/clock.ts'
import type { Store } from '../../store/store.ts'

/** Calls that wait at the same time; one more is answered at once. */
const MOST_WAITING = 10_000

interface LongPollDeps {
  hints: Store['hints']
  sleep: Clock['sleep']
}

/** A call that waits for a registration to end is woken by the hint `resolved`; waiting costs no query. */
export const createLongPoll = ({ hints, sleep }: LongPollDeps) => {
  const waiting = new Map<string, Set<AbortController>>()
  let count = 0

  hints.on('resolved', ids => {
    for (const id of ids) for (const call of waiting.get(id) ?? []) call.abort()
  })

  const add = (id: string, call: AbortController) => {
    const others = waiting.get(id) ?? new Set()
    waiting.set(id, others.add(call))
    count++
  }
  const remove = (id: string, call: AbortController) => {
    const others = waiting.get(id)
    others?.delete(call)
    if (others?.size === 0) waiting.delete(id)
    count--
  }

  /** Resolves when the registration ends, after `ms`, or when the signal aborts; at once if too many calls are waiting. */
  return async (id: string, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> => {
    if (count >= MOST_WAITING) return
    const resolved = new AbortController()
    add(id, resolved)
    await sleep(ms, AbortSignal.any([signal, resolved.signal])).catch(() => {})
    remove(id, resolved)
  }
}
