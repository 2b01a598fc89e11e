import { isDeepStrictEqual } from 'node:util'
import type { EventPosition, Store } from '../../../../src/store/store.ts'
import { columnsOf, type Values } from './compared.ts'
import type { Contents } from './engine.ts'
import { NONE_BROKEN } from './invariants.ts'
import { Difference } from './pair.ts'
import type { Verb } from './steps.ts'

/** Anything else may free what was claimed. */
export const CLAIMS: readonly Verb[] = ['claimVerifications', 'claimMessages']
/** After these a verdict that was told may be forgotten, and asked for again. */
const FORGET: readonly Verb[] = ['cancel', 'together', 'prune']

const MESSAGE = columnsOf('messages')
const [PARTNER, EVENT, BODY] = ['partnerId', 'event', 'body'].map(column => MESSAGE.indexOf(column)) as [
  number,
  number,
  number,
]
const NEWEST = columnsOf('partners').indexOf('events')

/** What was told by handles that are called at the same time. Throws where it is something that no order of the calls explains. */
export const createLedger = () => {
  const told = new Set<string>()
  /** Since the round began: what was claimed, and the verifications whose verdict was told. */
  let claimed: string[] = []
  let resolved: number[] = []
  /** By partner: up to which number its events were in the database after the last round. */
  const newest = new Map<string, number>()
  /** By partner: how far a reader has come that follows its events, and the numbers that it has read. */
  const read = new Map<string, { after: EventPosition | null; numbers: Set<number> }>()

  const once = (keys: readonly string[]) => {
    for (const key of keys) {
      if (told.has(key)) throw new Difference(`told twice: ${key}`)
      told.add(key)
    }
  }
  const noteClaims = (kind: string, claims: readonly { key: number; claim: number }[]) => {
    once(claims.map(({ key, claim }) => `claim ${claim} of ${kind} ${key}`))
    claimed.push(...claims.map(({ key }) => `${kind} ${key}`))
  }

  const assertDistinct = (what: string, keys: readonly unknown[]) => {
    const twice = keys.filter((key, i) => keys.indexOf(key) !== i)
    if (twice.length > 0) throw new Difference(`${what}: ${twice}`)
  }
  /** They come in the order of their commits, without a gap, and never behind a reader. */
  const assertEvents = (partnerId: string, last: number, messages: readonly Values[]) => {
    const first = newest.get(partnerId) ?? 0
    newest.set(partnerId, last)
    const numberOf = (message: Values) => message[EVENT] as number
    const added = messages
      .map(numberOf)
      .filter(n => n > first)
      .sort((a, b) => a - b)
    const expected = Array.from({ length: last - first }, (_, i) => first + 1 + i)
    if (!isDeepStrictEqual(added, expected))
      throw new Difference(`after its event ${first} ${partnerId} has the events ${added}, and the newest is ${last}`)
    const reader = read.get(partnerId)
    // Of a cancelled one nothing is told any more.
    const readable = messages.filter(message => message[BODY] === 1).map(numberOf)
    const skipped = readable.filter(n => n <= (reader?.after?.n ?? 0) && !reader?.numbers.has(n))
    if (skipped.length > 0) throw new Difference(`who follows the events of ${partnerId} has not read ${skipped}`)
  }

  return {
    /** The same store, whose answers are noted. */
    watch: (store: Store): Store => ({
      ...store,
      claimVerifications: async claim => {
        const answer = await store.claimVerifications(claim)
        const verifications = answer.claims.flatMap(one => one.verifications)
        noteClaims(
          'verification',
          verifications.map(({ id, claim }) => ({ key: id, claim })),
        )
        return answer
      },
      claimMessages: async claim => {
        const answer = await store.claimMessages(claim)
        noteClaims(
          'message',
          answer.messages.map(({ seq, claim }) => ({ key: seq, claim })),
        )
        return answer
      },
      settleVerifications: async settlements => {
        const outcomes = await store.settleVerifications(settlements)
        resolved.push(...settlements.filter((_, i) => outcomes[i]?.verdict).map(({ id }) => id))
        once(outcomes.flatMap(one => one?.ended ?? []).map(one => `the end of registration ${one.registrationId}`))
        return outcomes
      },
    }),

    /** Reads on. */
    follow: async (store: Store, partnerId: string): Promise<void> => {
      const { after, numbers } = read.get(partnerId) ?? { after: null, numbers: new Set() }
      const page = await store.listEvents(partnerId, { after, limit: 100 })
      if (page.outcome === 'lost') throw new Difference(`the event ${after?.n} of ${partnerId} is of another history`)
      for (const { position } of page.events) numbers.add(position.n)
      read.set(partnerId, { after: page.end ?? after, numbers })
    },

    /** @param verbs of the round that is over */
    endRound: (verbs: readonly Verb[], { tables, broken }: Contents): void => {
      if (verbs.every(verb => CLAIMS.includes(verb))) assertDistinct('claimed by two at the same time', claimed)
      if (!verbs.some(verb => FORGET.includes(verb))) assertDistinct('verdicts of the same verification', resolved)
      claimed = []
      resolved = []
      if (!isDeepStrictEqual(broken, NONE_BROKEN)) throw new Difference(`what must never be: ${JSON.stringify(broken)}`)
      for (const partner of tables.partners) {
        const messages = tables.messages.filter(message => message[PARTNER] === partner[0])
        assertEvents(partner[0] as string, partner[NEWEST] as number, messages)
      }
    },
  }
}
