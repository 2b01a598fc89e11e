import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect } from 'vitest'
import type { EventPosition } from '../../../../src/store/messages/events.ts'
import type { Store } from '../../../../src/store/store.ts'
import { createRandom } from '../../../e2e/seeded-random.ts'
import type { Contents, OpenEngine } from './engine.ts'
import { seedsOf } from './histories.ts'
import { run, VERBS, type Verb } from './steps.ts'
import { below, createBeginning, Difference, oneOf, openWorld } from './world.ts'

/** Calls at once; the handles take them in turn. */
const AT_ONCE = 4
const ROUNDS = 12
/** Without these nothing can be told or sent. */
const BEGINNING: readonly Verb[] = ['register', 'settleVerifications']
/** Those that leave the clock alone, which all have in common. */
const TIMELESS = VERBS.filter(verb => verb !== 'moveClock' && verb !== 'keepFailing')

/** Handles meet each other in one verb, in two, or in any. */
const planRound = (random: () => number, first: Verb | undefined): Verb[] => {
  const kinds = Array.from({ length: oneOf(random, [1, 2, AT_ONCE]) }, () => oneOf(random, TIMELESS))
  return Array.from({ length: AT_ONCE }, (_, i) => first ?? (kinds[i % kinds.length] as Verb))
}

/**
 * Random histories in which the handles are called at the same time. The answer of each depends on which was first; the answers
 * and the rows have to fit together all the same. The seed repeats the calls, not the order in which the database does them.
 */
export const runAtOnce = async (openEngine: OpenEngine, usual: number): Promise<void> => {
  let ledger = createLedger()
  await using world = await openWorld([
    async now => {
      const engine = await openEngine(now)
      const [one, other] = engine.handles
      return { ...engine, handles: [watch(one, () => ledger), watch(other, () => ledger)] }
    },
  ])
  const [engine] = world.engines
  const begin = await createBeginning(world)

  const runOne = async (random: () => number, rounds: Verb[][]) => {
    ledger = createLedger()
    const history = await begin(random)
    while (rounds.length < ROUNDS) {
      const verbs = planRound(random, BEGINNING[rounds.length])
      rounds.push(verbs)
      await run('moveClock', history)
      const calls = verbs.map((verb, i) => {
        const handle = i % world.stores.length
        const store = world.stores[handle] ?? history.store
        return run(verb, { ...history, random: createRandom(below(random, 2 ** 31)), handle, store })
      })
      const reads = history.partnerIds.map(id => ledger.follow(oneOf(random, world.stores), id))
      await Promise.all([...calls, ...reads, engine?.upkeep()])
      if (engine) ledger.endRound(await engine.read())
    }
  }

  for (const seed of seedsOf(usual)) {
    const rounds: Verb[][] = []
    await runOne(createRandom(seed), rounds).catch((error: unknown) => {
      expect.fail(`seed ${seed}, at the end of these, four at a time:\n${rounds.join('\n')}\n${error}`)
    })
  }
}

type Ledger = ReturnType<typeof createLedger>

/** The answers of handles that are called at the same time. Throws where no order of the calls explains them. */
const createLedger = () => {
  const told = new Set<string>()
  /** By partner: the newest of its events after the last round, and how far a reader has come that follows them. */
  const newest = new Map<string, number>()
  const read = new Map<string, { after: EventPosition | null; numbers: Set<number> }>()

  /** Events come in the order of their commits, without a gap, and never behind a reader. */
  const assertEvents = (partnerId: string, last: number, events: readonly { n: number; isReadable: boolean }[]) => {
    const first = newest.get(partnerId) ?? 0
    newest.set(partnerId, last)
    const added = events.filter(({ n }) => n > first && n <= last).length
    if (added !== last - first)
      throw new Difference(`${partnerId} has ${added} events between ${first} and its newest, ${last}`)
    const reader = read.get(partnerId)
    const passed = events.filter(({ n, isReadable }) => isReadable && n <= (reader?.after?.n ?? 0))
    const skipped = passed.find(({ n }) => !reader?.numbers.has(n))
    if (skipped) throw new Difference(`a reader of the events of ${partnerId} has not read ${skipped.n}`)
  }

  return {
    once: (keys: readonly string[]): void => {
      for (const key of keys) {
        if (told.has(key)) throw new Difference(`told twice: ${key}`)
        told.add(key)
      }
    },

    /** Reads on. */
    follow: async (store: Store, partnerId: string): Promise<void> => {
      const { after, numbers } = read.get(partnerId) ?? { after: null, numbers: new Set() }
      const page = await store.listEvents(partnerId, { after, limit: 100 })
      if (page.outcome === 'lost') throw new Difference(`the event ${after?.n} of ${partnerId} is of another history`)
      for (const { position } of page.events) numbers.add(position.n)
      read.set(partnerId, { after: page.end ?? after, numbers })
    },

    endRound: ({ tables, broken }: Contents): void => {
      if (broken.length > 0) throw new Difference(broken.join(', '))
      for (const { id, events } of tables.partners) {
        const messages = tables.message_bodies.filter(({ partner_id }) => partner_id === id)
        // Of a cancelled one nothing is told any more.
        const numbered = messages.map(({ event, body }) => ({ n: event as number, isReadable: body === 1 }))
        assertEvents(id as string, events as number, numbered)
      }
    },
  }
}

/** The same store, whose answers are noted. */
const watch = (store: Store, ledgerOf: () => Ledger): Store => ({
  ...store,
  claimVerifications: async claim => {
    const answer = await store.claimVerifications(claim)
    const claimed = answer.claims.flatMap(one => one.verifications)
    ledgerOf().once(claimed.map(({ id, claim }) => `claim ${claim} of verification ${id}`))
    return answer
  },
  claimMessages: async claim => {
    const answer = await store.claimMessages(claim)
    ledgerOf().once(answer.messages.map(({ seq, claim }) => `claim ${claim} of message ${seq}`))
    return answer
  },
  settleVerifications: async settlements => {
    const outcomes = await store.settleVerifications(settlements)
    const ended = outcomes.flatMap(one => one?.ended ?? [])
    ledgerOf().once(ended.map(one => `the end of registration ${one.registrationId}`))
    return outcomes
  },
})

type Query = (this: pg.Client, ...args: unknown[]) => unknown

/**
 * From now on some statements to PostgreSQL come late, in the order of their connection: so transactions overlap in more ways than
 * they would on a machine of their own. Gives what ends it.
 */
export const makeStatementsLate = (): (() => void) => {
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  const turns = new WeakMap<pg.Client, Promise<unknown>>()
  prototype.query = function (...args) {
    // The pool's own, which awaits nothing.
    if (typeof args.at(-1) === 'function') return query.apply(this, args)
    const before = turns.get(this) ?? Promise.resolve()
    const turn = Math.random() < 0.3 ? before.then(() => sleep(Math.random() * 3)) : before
    turns.set(this, turn)
    return turn.then(() => query.apply(this, args))
  }
  return () => {
    prototype.query = query
  }
}
