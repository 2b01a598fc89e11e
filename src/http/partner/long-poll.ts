import type { Store } from '../../store/store.ts'

const MOST_WAITERS = 10_000

/** Who waits for a registration to end is woken by the store's word, and nobody asks the database meanwhile. */
export const createLongPoll = ({ events }: Pick<Store, 'events'>) => {
  const waiters = new Map<string, Set<() => void>>()
  let count = 0

  events.on('resolved', ids => {
    for (const id of ids) for (const wake of waiters.get(id) ?? []) wake()
  })

  const remove = (id: string, wake: () => void) => {
    const others = waiters.get(id)
    if (!others?.delete(wake)) return
    count--
    if (others.size === 0) waiters.delete(id)
  }

  /** Resolves when the registration ends, the time is over or the caller has gone; at once where too many wait already. */
  return (id: string, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> =>
    new Promise(resolve => {
      if (count >= MOST_WAITERS || signal.aborted) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        remove(id, wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake, { once: true })
      const others = waiters.get(id) ?? new Set()
      waiters.set(id, others.add(wake))
      count++
    })
}
