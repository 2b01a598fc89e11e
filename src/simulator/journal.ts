import { EventEmitter } from 'node:events'
import { SECOND } from '../core/duration.ts'

/** What to wait for: a number of entries, or a predicate over all of them. */
export type Goal<T> = number | ((entries: readonly T[]) => boolean)

export interface Patience {
  /** 10 s unless told. */
  timeoutMs?: number
}

/**
 * Entries in the order they came, and ways to wait for them. With `record` false they are only announced; with a number, at
 * least that many of the last are kept, and fewer than twice as many.
 */
export const createJournal = <T>(event: string, record: boolean | number) => {
  const limit = typeof record === 'number' ? record * 2 : record ? Number.POSITIVE_INFINITY : 0
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

  /** All entries as soon as the goal is reached, at once if it is already; rejects if it is not reached in time. */
  const waitFor = async (goal: Goal<T>, patience: Patience = {}): Promise<readonly T[]> => {
    const isReached = () => (typeof goal === 'number' ? entries.length >= goal : goal(entries))
    if (!isReached()) await next(isReached, patience)
    return entries
  }

  return {
    entries: entries as readonly T[],
    /** Emits each entry under the journal's event name as it comes. */
    events,
    add: (entry: T): void => {
      if (limit > 0) entries.push(entry)
      if (entries.length >= limit && limit > 0) entries.splice(0, limit / 2)
      events.emit(event, entry)
    },
    next,
    waitFor,
    clear: (): void => {
      entries.length = 0
    },
  }
}
