import type { EventEmitter } from 'node:events'

const SECOND = 1_000

interface Journal<T> {
  entries: readonly T[]
  events: EventEmitter<Record<string, [T]>>
}

/** The goal of a wait: a number of entries, or a predicate over all of them. */
type Goal<T> = number | ((entries: readonly T[]) => boolean)

interface Patience {
  /** Default: a minute, which only a hanging test reaches. */
  timeoutMs?: number
}

/** Ways to wait for the entries of a journal. */
export const watchJournal = <T>(event: string, { entries, events }: Journal<T>) => {
  /** The next entry that `accepts` takes; rejects if none comes in time. */
  const next = (accepts: (entry: T) => boolean, { timeoutMs = 60 * SECOND }: Patience = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        events.off(event, check)
      }
      const check = (entry: T): void => {
        if (!accepts(entry)) return
        stop()
        resolve(entry)
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`waited ${timeoutMs} ms for a ${event}, have ${entries.length}`))
      }, timeoutMs)
      events.on(event, check)
    })

  return {
    next,
    /** All entries as soon as the goal is reached, at once if it is already; rejects if it is not reached in time. */
    waitFor: async (goal: Goal<T>, patience: Patience = {}): Promise<readonly T[]> => {
      const isReached = () => (typeof goal === 'number' ? entries.length >= goal : goal(entries))
      if (!isReached()) await next(isReached, patience)
      return entries
    },
  }
}
