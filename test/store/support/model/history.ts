import { createRandom } from '../../../e2e/seeded-random.ts'
import { compareAllReads, compareSomeReads, createTableComparison } from './comparison.ts'
import { Difference, type Pair } from './pair.ts'
import { STEPS, VERBS, type Verb } from './steps.ts'
import { below, createBeginning, oneOf } from './world.ts'

/** What is done, and the seed of what is left to chance in it: steps can be dropped, and the others stay what they are. */
export interface Step {
  verb: Verb
  handle: number
  seed: number
}
export interface Plan {
  seed: number
  steps: readonly Step[]
}

/** Without these nothing can be told or sent. */
const BEGINNING: readonly Verb[] = ['register', 'settleVerifications', 'settleMessages']
const SHORTEST = 10
const LONGEST = 20
/** Reads cost several times what a step does. All tables are compared after each step, and reads are made of these alone. */
const WITH_SOME_READS = 0.06
/** After one of so many histories everything that can be read is compared. */
const WITH_ALL_READS_OF = 40

/** @param handles of the database, which take turns; with one, the same seed is another history */
export const planHistory = (seed: number, handles: 1 | 2): Plan => {
  const random = createRandom(2 * seed + handles)
  const length = SHORTEST + below(random, LONGEST - SHORTEST + 1)
  const steps = Array.from({ length }, (_, i) => ({
    verb: BEGINNING[i] ?? oneOf(random, VERBS),
    handle: below(random, handles),
    seed: below(random, 2 ** 31),
  }))
  return { seed, steps }
}

/** Runs histories on a pair, one after the other. Gives what differs, null for nothing. */
export const createRunner = async (pair: Pair) => {
  const begin = await createBeginning(pair)
  const compareTables = createTableComparison(pair)

  return async ({ seed, steps }: Plan): Promise<Difference | null> => {
    const history = await begin(createRandom(seed))
    const tick = (ms: number) => {
      pair.clock.now += ms
    }
    try {
      for (const { verb, handle, seed } of steps) {
        history.random = createRandom(seed)
        history.handle = handle
        // Often several steps fall into the same ms.
        tick(below(history.random, 3))
        await STEPS[verb].run(history, tick)
        await compareTables()
        if (history.random() < WITH_SOME_READS) await compareSomeReads(history)
      }
      if (seed % WITH_ALL_READS_OF === 0) await compareAllReads(history)
      return null
    } catch (error) {
      if (error instanceof Difference) return error
      throw error
    }
  }
}

export type Runner = Awaited<ReturnType<typeof createRunner>>

/** Leaves out steps for as long as something still differs: the shortest history that it finds, and what differs in it. */
export const shrink = async (run: Runner, plan: Plan): Promise<{ plan: Plan; difference: Difference | null }> => {
  let [shortest, difference] = [plan, await run(plan)]
  for (let isShorter = true; isShorter; ) {
    isShorter = false
    for (let i = shortest.steps.length - 1; i >= 0; i--) {
      const without = { ...shortest, steps: shortest.steps.toSpliced(i, 1) }
      const found = await run(without)
      if (found === null) continue
      ;[shortest, difference, isShorter] = [without, found, true]
    }
  }
  return { plan: shortest, difference }
}
