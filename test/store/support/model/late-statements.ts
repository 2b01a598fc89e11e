import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const LONGEST_MS = 3
const LATE = 0.3

type Query = (this: pg.Client, ...args: unknown[]) => unknown

/**
 * From now on some statements come late, in the order of their connection: so transactions overlap in more ways than they would on a
 * machine of their own. Gives what ends it.
 */
export const makeStatementsLate = (): (() => void) => {
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  const turns = new WeakMap<pg.Client, Promise<unknown>>()
  prototype.query = function (...args) {
    // The pool's own, which awaits nothing.
    if (typeof args.at(-1) === 'function') return query.apply(this, args)
    const before = turns.get(this) ?? Promise.resolve()
    const turn = Math.random() < LATE ? before.then(() => sleep(Math.random() * LONGEST_MS)) : before
    turns.set(this, turn)
    return turn.then(() => query.apply(this, args))
  }
  return () => {
    prototype.query = query
  }
}
