import { expect } from 'vitest'
import type { Store } from '../../../../src/store/store.ts'
import { createRandom } from '../../../e2e/seeded-random.ts'
import type { Contents, OpenEngine } from './engine.ts'
import { historiesOr, SEED } from './histories.ts'
import { CLAIMS, createLedger } from './ledger.ts'
import { RATE } from './pair.ts'
import { STEPS, VERBS, type Verb } from './steps.ts'
import { below, createBeginning, type Driven, type History, oneOf } from './world.ts'

/** Calls at once; the handles take them in turn. */
const AT_ONCE = 4
const of = (verb: Verb): readonly Verb[] => new Array<Verb>(AT_ONCE).fill(verb)
/** Without these nothing can be told or sent. */
const BEGINNING: readonly (readonly Verb[])[] = [of('register'), of('settleVerifications')]
const ROUNDS = 12
/** Those that leave the clock alone, which all have in common. */
const TIMELESS = VERBS.filter(verb => verb !== 'moveClock' && verb !== 'keepFailing')

/** Handles meet each other by claims, by one verb, by two, or by any. */
const KINDS: readonly ((any: () => Verb, random: () => number) => readonly Verb[])[] = [
  (_, random) => of(oneOf(random, CLAIMS)),
  any => of(any()),
  any => {
    const [one, other] = [any(), any()]
    return of(one).map((_, i) => (i % 2 === 0 ? one : other))
  },
  any => of('register').map(any),
]
const planRound = (random: () => number): readonly Verb[] => oneOf(random, KINDS)(() => oneOf(random, TIMELESS), random)

/**
 * Random histories in which the handles are called at the same time. What each has to answer depends on who was first; what is
 * told and what is stored have to fit together all the same. `MODEL_SEED` begins with another one, but what it does to the
 * database is left to chance.
 */
export const runAtOnce = async (openEngine: OpenEngine, usual: number): Promise<void> => {
  const clock = { now: 0 }
  await using engine = await openEngine({ now: () => clock.now, defaultRate: RATE })
  let handles: readonly Store[] = engine.handles
  const both: Driven['both'] = (handle, _, call) => call(handles[handle] as Store)
  const begin = await createBeginning({ inTurn: engine.inTurn, clock, both, save: () => engine.save() })
  const tick = (ms: number) => {
    clock.now += ms
  }

  const runOne = async (random: () => number, rounds: (readonly Verb[])[]) => {
    handles = engine.handles
    const ledger = createLedger()
    const history = await begin(random)
    handles = engine.handles.map(ledger.watch)
    let contents: Contents | null = null
    while (rounds.length < ROUNDS) {
      const verbs = BEGINNING[rounds.length] ?? planRound(random)
      rounds.push(verbs)
      await STEPS.moveClock.run({ ...history, random }, tick)
      const calls = verbs.map((verb, i) => {
        // What it knows it shares with the others.
        const own: History = { ...history, random: createRandom(below(random, 2 ** 31)), handle: i % handles.length }
        return STEPS[verb].run(own, tick)
      })
      const reads = history.partnerIds.map(id => ledger.follow(oneOf(random, engine.handles), id))
      await Promise.all([...calls, ...reads, engine.upkeep()])
      contents = (await engine.read()) ?? contents
      if (contents) ledger.endRound(verbs, contents)
    }
  }

  for (let seed = SEED; seed < SEED + historiesOr(usual); seed++) {
    const rounds: (readonly Verb[])[] = []
    await runOne(createRandom(seed), rounds).catch((error: unknown) => {
      const told = rounds.map(verbs => verbs.join(', ')).join('\n')
      expect.fail(
        `seed ${seed}, at the end of these, four at a time:\n${told}\n${error instanceof Error ? error.stack : error}`,
      )
    })
  }
}
