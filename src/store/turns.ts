import { AsyncLocalStorage } from 'node:async_hooks'
import { unavailable } from './unavailable.ts'

/** Tells whatever is done for a call whether its caller has hung up; what the service does by itself is told nothing. */
export const hasHungUp = new AsyncLocalStorage<() => boolean>()

const HUNG_UP = { en: 'the caller has hung up', zh: '调用方已断开' }

interface Line {
  running: number
  waiting: (() => void)[]
}

/**
 * Runs at most `atOnce` works of each key at a time, the others of it after them in the order in which they came. No key waits for
 * another. How many wait is bounded by whoever asks. The work of a caller who has hung up is not begun.
 */
export const createTurns = (atOnce: number) => {
  /** Of the keys that have work now. */
  const lines = new Map<string, Line>()

  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const line = lines.get(key) ?? { running: 0, waiting: [] }
    lines.set(key, line)
    if (line.running < atOnce) line.running++
    else await new Promise<void>(resolve => line.waiting.push(resolve))
    try {
      if (hasHungUp.getStore()?.()) throw unavailable(HUNG_UP)
      return await work()
    } finally {
      // Whoever is next takes over the place.
      const next = line.waiting.shift()
      if (next) next()
      else if (--line.running === 0) lines.delete(key)
    }
  }
}
