import { inspect, isDeepStrictEqual } from 'node:util'
import { encodeTime } from 'ulid'
import { DAY } from '../../../../src/core/duration.ts'
import { Secret } from '../../../../src/core/secret.ts'
import type { ClaimedAccount } from '../../../../src/store/accounts/rows.ts'
import type { ClaimedMessage, MessageSettlement } from '../../../../src/store/messages/message.ts'
import type { Registration } from '../../../../src/store/registrations/registration.ts'
import type { Store } from '../../../../src/store/store.ts'
import type { ClaimedVerification, VerificationSettlement } from '../../../../src/store/verifications/verification.ts'
import type { Engine, OpenEngine } from './engine.ts'

export class Difference extends Error {
  override readonly name = 'Difference'
}

/** Databases of one clock, which are all called alike: one, or two that are compared. */
export type World = Awaited<ReturnType<typeof openWorld>>

export const openWorld = async (openEngines: readonly OpenEngine[]) => {
  const clock = { now: 0 }
  const engines: Engine[] = []
  for (const open of openEngines) engines.push(await open(() => clock.now))

  const expectAlike = (what: string, values: readonly unknown[]): void => {
    if (values.every(value => isDeepStrictEqual(value, values[0]))) return
    const show = (value: unknown) => inspect(value, { depth: 8, breakLength: 140, sorted: true })
    const lines = values.map((value, i) => `  ${engines[i]?.name}: ${show(value)}`)
    throw new Difference([what, ...lines].join('\n'))
  }
  /** Calls each; they have to answer alike. */
  const both = async <T>(handle: number, what: string, call: (store: Store) => Promise<T>): Promise<T> => {
    const answers = await Promise.all(
      engines.map(({ name, handles }) =>
        call(handles[handle] as Store).catch((error: unknown) => {
          throw new Difference(`${what} of ${name}: ${error instanceof Error ? error.stack : error}`)
        }),
      ),
    )
    expectAlike(what, answers)
    return answers[0] as T
  }
  const storeOf = (handle: number): Store =>
    new Proxy({} as Store, {
      get:
        (_, verb: string) =>
        (...args: unknown[]) =>
          both(handle, verb, store => Reflect.get(store, verb)(...args)),
    })

  return {
    clock,
    engines,
    expectAlike,
    both,
    inTurn: engines.every(({ inTurn }) => inTurn),
    /** A store for each handle; a verb of it calls the verb of every engine. */
    stores: [storeOf(0), storeOf(1)] as const,
    [Symbol.asyncDispose]: async () => {
      for (const engine of engines) await engine[Symbol.asyncDispose]()
    },
  }
}

type Random = () => number

export const oneOf = <T>(random: Random, items: readonly T[]): T => {
  if (items.length === 0) throw new Error('there is nothing to choose from')
  return items[Math.floor(random() * items.length)] as T
}
export const below = (random: Random, limit: number): number => Math.floor(random() * limit)

/** Longer than a history lasts. */
const SPAN_MS = 60 * DAY
/** After so many histories the times begin again: an id cannot tell a time that is too far ahead. */
const SPANS = 5_000
const START = Date.parse('2026-11-24T08:00:00Z')

/**
 * Makes two accounts, one of them slow, and three partners, one with thin webhooks; each history begins with these, at a time
 * of its own: a store may remember for a second what it did.
 */
export const createBeginning = async (world: World) => {
  const [clock, store] = [world.clock, world.stores[0]]
  clock.now = START
  const partnerIds = ['partner_1', 'partner_2', 'partner_3']
  const account = (id: string) =>
    ({ id, apiId: `api_${id}`, apiKey: new Secret('upstream-key'), passwordMode: 'dynamic' }) as const
  await store.putDefaultAccount(account('acc_1'))
  await store.createAccount({ ...account('acc_2'), rate: 0.5, partnerId: null })
  for (const id of partnerIds) {
    const secret = { id: `secret_00_${id}`, text: new Secret('whsec_dGVzdA==') }
    await store.createPartner({ id, name: id, key: { id: `key_${id}`, hash: Buffer.alloc(32) }, secret })
  }
  await store.changePartner('partner_1', { payload: 'thin' })
  const restores = await Promise.all(world.engines.map(engine => engine.save()))
  let histories = 0

  return async (random: Random) => {
    const suffix = `_${histories++}`
    for (const restore of restores) await restore(suffix)
    clock.now = START + (histories % SPANS) * SPAN_MS
    const quotas = { pending: 1 + below(random, 4), hosts: 1 + below(random, 3), daily: 6 }
    if (random() < 0.2) await store.changePartner('partner_1', { quotas })
    let [ids, idsAt] = [0, 0]
    return {
      ...{ world, random, handle: 0 as number, store, partnerIds },
      accounts: [{ id: `acc_1${suffix}` }, { id: `acc_2${suffix}` }],
      serials: ['1', '2', '3', '03', '3a'],
      urls: ['https://a.example/1', 'https://a.example/2', 'https://b.example/', 'https://c.example:8443/'],
      now: () => clock.now,
      tick: (ms: number) => {
        clock.now += ms
      },
      /** In their order, also where the clock goes back. */
      newId: (prefix: string) => {
        idsAt = Math.max(idsAt, clock.now)
        return `${prefix}_${encodeTime(idsAt, 10)}${String(ids++).padStart(16, '0')}`
      },
      registrations: [] as Pick<Registration, 'id' | 'partnerId'>[],
      bulkIds: [] as string[],
      /** Claimed, and not settled yet. */
      asked: [] as { account: ClaimedAccount; verification: ClaimedVerification }[],
      sent: [] as ClaimedMessage[],
      /** Settled already, to be settled again. */
      settledAnswers: [] as VerificationSettlement[],
      settledAttempts: [] as MessageSettlement[],
    }
  }
}

/**
 * What a history knows while it goes on: the names it draws from, and the work that its workers have claimed; of the step that is
 * being done its chances, its handle and the store of that.
 */
export type History = Awaited<ReturnType<Awaited<ReturnType<typeof createBeginning>>>>
