import { EventEmitter } from 'node:events'
import { SECOND } from '../core/duration.ts'

/** What to wait for: a number of entries, or a predicate over all of them. */
type Goal<T> = number | ((entries: readonly T[]) => boolean)

interface Patience {
  /** 10 s unless told. */
  timeoutMs?: number
}

/** Entries in the order they came, `keep` of the last at least and fewer than twice as many, and ways to wait for them. */
export const createJournal = <T>(event: string, keep = Number.POSITIVE_INFINITY) => {
  const entries: T[] = []
  const events = new EventEmitter<Record<string, [T]>>().setMaxListeners(0)

  /** The next entry that `accepts` takes; rejects if none comes in time. */
  const next = (accepts: (entry: T) => boolean, { timeoutMs = 10 * SECOND }: Patience = {}): Promise<T> =>
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
    entries: entries as readonly T[],
    /** Emits each entry under the journal's event name as it comes. */
    events,
    add: (entry: T): void => {
      entries.push(entry)
      if (entries.length >= 2 * keep) entries.splice(0, keep)
      events.emit(event, entry)
    },
    next,
    /** All entries as soon as the goal is reached, at once if it is already; rejects if it is not reached in time. */
    waitFor: async (goal: Goal<T>, patience: Patience = {}): Promise<readonly T[]> => {
      const isReached = () => (typeof goal === 'number' ? entries.length >= goal : goal(entries))
      if (!isReached()) await next(isReached, patience)
      return entries
    },
  }
}
