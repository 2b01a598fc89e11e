import { EventEmitter } from 'node:events'

/**
 * Keeps entries in order of arrival, at least the last `keep` and fewer than twice as many, and emits each as `event`.
 */
export const createJournal = <T>(event: string, keep = Number.POSITIVE_INFINITY) => {
  const entries: T[] = []
  const events = new EventEmitter<Record<string, [T]>>().setMaxListeners(0)
  return {
    entries: entries as readonly T[],
    events,
    add: (entry: T): void => {
      entries.push(entry)
      if (entries.length >= 2 * keep) entries.splice(0, keep)
      events.emit(event, entry)
    },
  }
}
