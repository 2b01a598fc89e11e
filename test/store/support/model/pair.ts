import { inspect, isDeepStrictEqual } from 'node:util'
import type { Store } from '../../../../src/store/store.ts'
import { RULES, type Rules } from '../memory/rules.ts'
import { createMemoryStore } from '../memory/store.ts'
import { createTables } from '../memory/tables.ts'
import type { OpenEngine } from './engine.ts'

/** Calls a second of an account that names none. */
export const RATE = 1_000

export class Difference extends Error {
  override readonly name = 'Difference'
}

/** Two handles of one database, two of one reference, and one clock for all of them. */
export type Pair = Awaited<ReturnType<typeof openPair>>

/** @param rules of the reference; the shipped ones unless given */
export const openPair = async (openEngine: OpenEngine, rules: Rules = RULES) => {
  const clock = { now: 0 }
  const options = { now: () => clock.now, defaultRate: RATE }
  const engine = await openEngine(options)
  const tables = createTables()
  const reference = [0, 1].map(() => createMemoryStore({ ...options, tables, rules }))
  const expectEqual = (what: string, ofEngine: unknown, ofReference: unknown): void => {
    if (isDeepStrictEqual(ofEngine, ofReference)) return
    const show = (value: unknown) => inspect(value, { depth: 8, breakLength: 140, sorted: true })
    throw new Difference(`${what}\n  ${engine.name}: ${show(ofEngine)}\n  reference: ${show(ofReference)}`)
  }

  return {
    clock,
    engine,
    tables,
    expectEqual,
    /** Calls both; what they answer has to be equal. */
    both: async <T>(handle: number, what: string, call: (store: Store) => Promise<T>): Promise<T> => {
      const [ofEngine, ofReference] = await Promise.all([
        outcomeOf(call(engine.handles[handle] as Store)),
        outcomeOf(call(reference[handle] as Store)),
      ])
      if (!ofEngine.ok && !ofReference.ok) {
        const newest = await engine.newest()
        if (newest) tables.skipTo(newest)
        throw ofEngine.error
      }
      expectEqual(what, ofEngine, ofReference)
      return (ofEngine as { value: T }).value
    },

    /** As `save` of an engine. */
    save: async () => {
      const restoreEngine = await engine.save()
      const restoreReference = tables.save()
      return async (suffix: string): Promise<void> => {
        await restoreEngine(suffix)
        restoreReference()
        for (const row of tables.accounts.all()) {
          tables.accounts.delete(row.id)
          tables.accounts.add(row.id + suffix, { ...row, id: row.id + suffix })
        }
      }
    },

    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
  promise.then(
    value => ({ ok: true, value }),
    error => ({ ok: false, error }),
  )
