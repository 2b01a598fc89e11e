import { expect } from 'vitest'
import { HOUR } from '../../../../src/core/duration.ts'
import { MESSAGE_STATES } from '../../../../src/core/message.ts'
import { REGISTRATION_STATUSES } from '../../../../src/core/registration.ts'
import { createRandom } from '../../../e2e/seeded-random.ts'
import { type OpenEngine, TABLES } from './engine.ts'
import { run, VERBS, type Verb } from './steps.ts'
import { below, createBeginning, Difference, type History, oneOf, openWorld, type World } from './world.ts'

/**
 * `MODEL_HISTORIES=100000 MODEL_SEED=7 npx vitest run test/store/model` runs so many of each kind, from that seed on: each
 * history has a seed of its own, and the next has the next. `MODEL_HISTORIES=1 MODEL_SEED=…` repeats one that failed.
 */
export const seedsOf = (usual: number): number[] => {
  const [first, count] = [Number(process.env.MODEL_SEED ?? 1), Number(process.env.MODEL_HISTORIES ?? usual)]
  return Array.from({ length: count }, (_, i) => first + i)
}

/** A verb, and the seed of its chances: steps can be dropped, and the others stay what they are. */
interface Step {
  verb: Verb
  handle: number
  seed: number
}
interface Plan {
  seed: number
  steps: readonly Step[]
}

/** Without these nothing can be told or sent. */
const BEGINNING: readonly Verb[] = ['register', 'settleVerifications', 'settleMessages']
/** Reads cost several times what a step does. All tables are compared after each step, and reads are made of these alone. */
const WITH_READS = 0.06

/**
 * Random histories of verbs against one engine, or against two side by side. After each step the invariants are checked, all
 * tables are compared row by row, and now and then some of the reads.
 *
 * @param handles of the database, which take turns; with one, the same seed is another history
 */
export const runHistories = async (engines: readonly OpenEngine[], handles: 1 | 2, usual: number): Promise<void> => {
  await using world = await openWorld(engines)
  const runPlan = await createRunner(world)
  for (const seed of seedsOf(usual)) {
    const plan = planHistory(seed, handles)
    if ((await runPlan(plan)) === null) continue
    const { plan: shortest, difference } = await shrink(runPlan, plan)
    const steps = shortest.steps.map(step => JSON.stringify(step)).join('\n')
    expect.fail(`seed ${seed}, the shortest history found:\n${steps}\n${difference?.message}`)
  }
}

const planHistory = (seed: number, handles: 1 | 2): Plan => {
  const random = createRandom(2 * seed + handles)
  const length = 10 + below(random, 11)
  const steps = Array.from({ length }, (_, i) => ({
    verb: BEGINNING[i] ?? oneOf(random, VERBS),
    handle: below(random, handles),
    seed: below(random, 2 ** 31),
  }))
  return { seed, steps }
}

type RunPlan = (plan: Plan) => Promise<Difference | null>

/** Runs histories one after the other. Gives the first difference of each, null where there is none. */
const createRunner = async (world: World): Promise<RunPlan> => {
  const begin = await createBeginning(world)
  return async ({ seed, steps }) => {
    const beginning = await begin(createRandom(seed))
    try {
      for (const { verb, handle, seed } of steps) {
        const random = createRandom(seed)
        const history = { ...beginning, random, handle, store: world.stores[handle] ?? world.stores[0] }
        // Often several steps fall into the same ms.
        history.tick(below(random, 3))
        await run(verb, history)
        await compareTables(world)
        if (random() < WITH_READS) await compareReads(history)
      }
      return null
    } catch (error) {
      if (error instanceof Difference) return error
      throw error
    }
  }
}

/** Leaves out steps for as long as something still differs: the shortest history that it finds, and its difference. */
const shrink = async (runPlan: RunPlan, plan: Plan) => {
  let [shortest, difference] = [plan, await runPlan(plan)]
  for (let isShorter = true; isShorter; ) {
    isShorter = false
    for (let i = shortest.steps.length - 1; i >= 0; i--) {
      const without = { ...shortest, steps: shortest.steps.toSpliced(i, 1) }
      const found = await runPlan(without)
      if (found === null) continue
      ;[shortest, difference, isShorter] = [without, found, true]
    }
  }
  return { plan: shortest, difference }
}

const compareTables = async ({ engines, expectAlike }: World): Promise<void> => {
  const contents = await Promise.all(engines.map(engine => engine.read()))
  for (const name of TABLES) {
    const rows = contents.map(({ tables }) => tables[name])
    expectAlike(name, rows)
  }
  for (const [i, { broken }] of contents.entries())
    if (broken.length > 0) throw new Difference(`${engines[i]?.name}: ${broken.join(', ')}`)
}

/** Compares the answers about one registration, and to one question of a partner about all of them. */
const compareReads = async (history: History): Promise<void> => {
  const { world, random, handle, store } = history
  const partnerId = oneOf(random, history.partnerIds)
  const registration = history.registrations.length === 0 ? null : oneOf(random, history.registrations)
  if (registration) {
    const { partnerId, id } = registration
    // An engine may remember for a second how many partners share the rate.
    await world.both(handle, 'explain', async store => {
      const explained = await store.explain(partnerId, id)
      return explained && { ...explained, queue: explained.queue?.before }
    })
    await store.listAttempts(partnerId, id)
  }
  const delivery = random() < 0.5 ? null : oneOf(random, MESSAGE_STATES)
  await store.listRegistrations(partnerId, {
    idcardid: random() < 0.3 ? oneOf(random, history.serials) : null,
    status: random() < 0.5 ? oneOf(random, REGISTRATION_STATUSES) : null,
    delivery,
    limit: 1 + below(random, 10),
    before: random() < 0.2 && registration ? registration.id : null,
  })
  const serials = history.serials.filter(() => random() < 0.3)
  await store.lookUpRegistrations(partnerId, serials, 1 + below(random, 5))
  await world.both(handle, 'stats', async store => ({ ...(await store.stats()), engine: null }))
  const after = random() < 0.5 ? null : { n: below(random, 5), at: history.now() }
  const since = random() < 0.5 ? undefined : history.now() - below(random, HOUR)
  await store.listEvents(partnerId, { after, limit: 3, since, delivery: delivery ?? undefined })
  await store.usageOf(partnerId)
  await store.listCallbacks(random() < 0.3 ? null : partnerId, { after: null, limit: 3 })
  await store.listSigningSecrets(partnerId)
  await store.findAccount(oneOf(random, history.accounts).id)
  for (const id of history.bulkIds) await store.findBulkAct(id)
}
