import type { MessageFacts } from '../rules/settle-message.ts'
import type { Tx } from './connection.ts'

/** What a message says, as far as it matters to its sending. */
interface Body {
  seq: number
  partnerId: string
  registrationId: string
  callbackUrl: string
  laneId: number
  createdAt: number
  isErased: boolean
}

/** How the sending of a message goes. */
export type Delivery = Omit<MessageFacts, 'seq' | 'registrationId' | 'isErased' | 'isRecorded'>

const COUNTERS = ['claims', 'fence', 'attempts', 'unrecorded', 'retries'] as const
type Counters = Pick<Delivery, (typeof COUNTERS)[number]>

export interface LockedMessage extends Body, Delivery {
  /** The counters that `message_bodies` has: they count once it is delivered, and until then may be out of date. */
  kept: Counters
}

const LOCK_BODIES = `
  SELECT seq, partner_id AS "partnerId", registration_id AS "registrationId", callback_url AS "callbackUrl", lane_id AS "laneId",
    created_at AS "createdAt", length(body) = 0 AS "isErased", claims, fence, attempts, unrecorded, retries
  FROM message_bodies`
export const LOCK_BY_SEQ = `${LOCK_BODIES} WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE`
export const LOCK_BY_REGISTRATION = `${LOCK_BODIES} WHERE registration_id = ANY($1) ORDER BY seq FOR NO KEY UPDATE`
export const LOCK_DELIVERIES = `
  SELECT seq, state, due_at AS "dueAt", claimed_at AS "claimedAt", claims, fence, attempts, unrecorded, retries
  FROM deliveries WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE`

export const REMOVE = 'DELETE FROM deliveries WHERE seq = ANY($1::bigint[])'
const SET_COUNTERS =
  'claims = v.claims, fence = v.fence, attempts = v.attempts, unrecorded = v.unrecorded, retries = v.retries'
/** What `countersOf` gives, and `statesOf` behind it. */
const VALUES = `unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::text[], $8::bigint[], $9::bigint[])
    AS v(seq, claims, fence, attempts, unrecorded, retries, state, due_at, claimed_at)`
const KEEP_COUNTERS = `
  UPDATE message_bodies SET ${SET_COUNTERS}
  FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[]) AS v(seq, claims, fence, attempts, unrecorded, retries)
  WHERE message_bodies.seq = v.seq`
export const CHANGE = `
  UPDATE deliveries SET ${SET_COUNTERS}, state = v.state, due_at = v.due_at, claimed_at = v.claimed_at
  FROM ${VALUES} WHERE deliveries.seq = v.seq`
const ADD = `
  INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, claims, fence, attempts, unrecorded, retries, state,
    due_at, claimed_at)
  SELECT b.seq, b.partner_id, b.registration_id, b.lane_id, b.callback_url, v.claims, v.fence, v.attempts, v.unrecorded, v.retries,
    v.state, v.due_at, v.claimed_at
  FROM ${VALUES} JOIN message_bodies b ON b.seq = v.seq`

/**
 * Messages with their deliveries, locked in the order of their numbers: first what they say, then how it goes, so that somebody who
 * makes a delivered message due again is waited for. Only claims lock deliveries alone.
 */
const lock = async (tx: Tx, text: string, keys: readonly (number | string)[]): Promise<LockedMessage[]> => {
  if (keys.length === 0) return []
  const bodies = await tx.rows<Body & Counters>(text, [keys])
  const found = await tx.rows<Delivery & { seq: number }>(LOCK_DELIVERIES, [bodies.map(({ seq }) => seq)])
  const deliveries = new Map(found.map(delivery => [delivery.seq, delivery]))
  return bodies.map(({ claims, fence, attempts, unrecorded, retries, ...body }) => {
    const kept = { claims, fence, attempts, unrecorded, retries }
    return { ...DELIVERED, ...kept, ...body, ...deliveries.get(body.seq), kept }
  })
}

const DELIVERED = { state: 'delivered', dueAt: null, claimedAt: null } as const

export const lockMessages = (tx: Tx, seqs: readonly number[]): Promise<LockedMessage[]> =>
  lock(tx, LOCK_BY_SEQ, [...new Set(seqs)])

export const lockMessagesOf = (tx: Tx, registrationIds: readonly string[]): Promise<LockedMessage[]> =>
  lock(tx, LOCK_BY_REGISTRATION, registrationIds)

/** What has become of a message that was locked. */
export interface DeliveryChange {
  was: LockedMessage
  becomes: Delivery
}

/** The delivery of what is delivered is removed, its counters kept beside what it said; one that begins anew is added. */
export const saveDeliveries = async (tx: Tx, changes: readonly DeliveryChange[]): Promise<void> => {
  const isOver = ({ state }: Delivery): boolean => state === 'delivered'
  const over = changes.filter(({ becomes }) => isOver(becomes))
  const open = changes.filter(({ becomes }) => !isOver(becomes))
  const removed = over.filter(({ was }) => !isOver(was))
  if (removed.length > 0) await tx.rows(REMOVE, [removed.map(({ was }) => was.seq)])
  const kept = over.filter(({ was, becomes }) => COUNTERS.some(name => was.kept[name] !== becomes[name]))
  if (kept.length > 0) await tx.rows(KEEP_COUNTERS, countersOf(kept))
  for (const [text, changed] of [
    [CHANGE, open.filter(({ was }) => !isOver(was))],
    [ADD, open.filter(({ was }) => isOver(was))],
  ] as const)
    if (changed.length > 0) await tx.rows(text, [...countersOf(changed), ...statesOf(changed)])
}

const countersOf = (changes: readonly DeliveryChange[]) => [
  changes.map(({ was }) => was.seq),
  ...COUNTERS.map(name => changes.map(({ becomes }) => becomes[name])),
]

const statesOf = (changes: readonly DeliveryChange[]) => [
  changes.map(({ becomes }) => becomes.state),
  changes.map(({ becomes }) => becomes.dueAt),
  changes.map(({ becomes }) => becomes.claimedAt),
]
