import { inspect, isDeepStrictEqual } from 'node:util'
import type { Store } from '../../../../src/store/store.ts'
import type { Engine, OpenEngine } from './engine.ts'

/** Calls a second of an account that names none. */
export const RATE = 1_000

export class Difference extends Error {
  override readonly name = 'Difference'
}

/** Databases of one clock, with two handles each, which are all called alike: one, or two that are compared. */
export type Pair = Awaited<ReturnType<typeof openPair>>

export const openPair = async (openEngines: readonly OpenEngine[]) => {
  const clock = { now: 0 }
  const engines: Engine[] = []
  for (const open of openEngines) engines.push(await open({ now: () => clock.now, defaultRate: RATE }))
  const expectAlike = (what: string, values: readonly unknown[]): void => {
    if (values.every(value => isDeepStrictEqual(value, values[0]))) return
    const show = (value: unknown) => inspect(value, { depth: 8, breakLength: 140, sorted: true })
    const lines = values.map((value, i) => `  ${engines[i]?.name}: ${show(value)}`)
    throw new Difference([what, ...lines].join('\n'))
  }

  return {
    clock,
    engines,
    expectAlike,
    inTurn: engines.every(({ inTurn }) => inTurn),
    /** Calls each; they have to answer alike. */
    both: async <T>(handle: number, what: string, call: (store: Store) => Promise<T>): Promise<T> => {
      const outcomes = await Promise.all(engines.map(({ handles }) => outcomeOf(call(handles[handle] as Store))))
      const failed = outcomes.filter(outcome => !outcome.ok)
      if (failed[0] && failed.length === outcomes.length) {
        for (const numbers of await Promise.all(engines.map(engine => engine.newest())))
          if (numbers) for (const engine of engines) await engine.skipTo(numbers)
        throw failed[0].error
      }
      expectAlike(what, outcomes)
      return (outcomes[0] as { value: T }).value
    },

    /** As `save` of an engine. */
    save: async () => {
      const restores = await Promise.all(engines.map(engine => engine.save()))
      return async (suffix: string): Promise<void> => {
        for (const restore of restores) await restore(suffix)
      }
    },

    [Symbol.asyncDispose]: async () => {
      for (const engine of engines) await engine[Symbol.asyncDispose]()
    },
  }
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
  promise.then(
    value => ({ ok: true, value }),
    error => ({ ok: false, error }),
  )
