import { encodeTime } from 'ulid'
import { DAY } from '../../../../src/core/duration.ts'
import { Secret } from '../../../../src/core/secret.ts'
import type {
  ClaimedAccount,
  ClaimedMessage,
  ClaimedVerification,
  MessageSettlement,
  Registration,
  VerificationSettlement,
} from '../../../../src/store/store.ts'
import type { Pair } from './pair.ts'

type Random = () => number

/** What a history is run on: the clock of the stores, what calls them, and what puts them back. */
export type Driven = Pick<Pair, 'clock' | 'both' | 'save' | 'inTurn'>

/** What a history knows while it goes on: the names it draws from, and what its workers have in hand. */
export interface History {
  pair: Driven
  /** Of the step that is being done. */
  random: Random
  /** The handle that the step is done by. */
  handle: number
  partnerIds: readonly string[]
  accounts: readonly { id: string }[]
  serials: readonly string[]
  urls: readonly string[]
  now(): number
  newId(prefix: string): string
  registrations: Pick<Registration, 'id' | 'partnerId'>[]
  bulkIds: string[]
  /** Claimed, and not yet told. */
  asked: { account: ClaimedAccount; verification: ClaimedVerification }[]
  sent: ClaimedMessage[]
  /** Told already, to be told again. */
  toldAnswers: VerificationSettlement[]
  toldAttempts: MessageSettlement[]
}

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
export const createBeginning = async (pair: Driven) => {
  pair.clock.now = START
  const partnerIds = ['partner_1', 'partner_2', 'partner_3']
  const account = (id: string) =>
    ({ id, apiId: `api_${id}`, apiKey: new Secret('upstream-key'), passwordMode: 'dynamic' }) as const
  await pair.both(0, 'putDefaultAccount', store => store.putDefaultAccount(account('acc_1')))
  await pair.both(0, 'createAccount', store => store.createAccount({ ...account('acc_2'), rate: 0.5, partnerId: null }))
  for (const id of partnerIds) {
    const secret = { id: `secret_${id}`, text: new Secret('whsec_dGVzdA==') }
    const partner = { id, name: id, key: { id: `key_${id}`, hash: Buffer.alloc(32) }, secret }
    await pair.both(0, 'createPartner', store => store.createPartner(partner))
  }
  await pair.both(0, 'changePartner', store => store.changePartner('partner_1', { payload: 'thin' }))
  const restore = await pair.save()
  let histories = 0

  return async (random: Random): Promise<History> => {
    const suffix = `_${histories++}`
    await restore(suffix)
    pair.clock.now = START + (histories % SPANS) * SPAN_MS
    const hasQuotas = random() < 0.2
    const quotas = { pending: 1 + below(random, 4), hosts: 1 + below(random, 3), daily: 6 }
    if (hasQuotas) await pair.both(0, 'changePartner', store => store.changePartner('partner_1', { quotas }))
    let ids = 0
    return {
      pair,
      random,
      handle: 0,
      partnerIds,
      accounts: [{ id: `acc_1${suffix}` }, { id: `acc_2${suffix}` }],
      serials: ['1', '2', '3', '03', '3a'],
      urls: ['https://a.example/1', 'https://a.example/2', 'https://b.example/', 'https://c.example:8443/'],
      now: () => pair.clock.now,
      newId: prefix => `${prefix}_${encodeTime(pair.clock.now, 10)}${String(ids++).padStart(16, '0')}`,
      registrations: [],
      bulkIds: [],
      asked: [],
      sent: [],
      toldAnswers: [],
      toldAttempts: [],
    }
  }
}
