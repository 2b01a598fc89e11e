import type { MessageState } from '../../core/message.ts'
import { columnsOf, type ParameterType, type Row, type Sql, type Tx } from '../tx.ts'

/** The state of sending a message. */
interface Delivery extends Counters {
  state: MessageState
  dueAt: number | null
  claimedAt: number | null
}

/** Also in `message_bodies`, valid once delivered. The defaults there stand for a delivery at the first attempt. */
interface Counters {
  claims: number
  /** A resend sets it to the count of claims, so that no earlier claim decides anything. */
  fence: number
  attempts: number
  /** Attempts in flight at a resend that are not recorded yet. */
  unrecorded: number
  retries: number
}
const COUNTERS = ['claims', 'fence', 'attempts', 'unrecorded', 'retries'] as const
const countersOf = ({ claims, fence, attempts, unrecorded, retries }: Counters): Counters => ({
  claims,
  fence,
  attempts,
  unrecorded,
  retries,
})

/** The part of a message that its sending needs. */
interface Body extends Pick<Row<'messageBodies'>, (typeof BODY)[number]> {
  /** Its registration was cancelled, and its body erased. */
  isErased: boolean
}

export interface LockedMessage extends Body, Delivery {
  /** The counters in `message_bodies`. */
  counters: Counters
}

const BODY = ['seq', 'partnerId', 'registrationId', 'callbackUrl', 'laneId'] as const
const lockBodies =
  (key: string, type: ParameterType): Sql =>
  d =>
    `
  SELECT ${columnsOf('messageBodies', [...BODY, ...COUNTERS])}, length(body) = 0 AS "isErased" FROM message_bodies
  WHERE ${key} IN ${d.list('keys', type)} ORDER BY seq ${d.forUpdate()}`
const LOCK_BY_SEQ = lockBodies('seq', 'int8')
const LOCK_BY_REGISTRATION = lockBodies('registration_id', 'text')
const LOCK_DELIVERIES: Sql = d => `
  SELECT ${columnsOf('deliveries', ['seq', 'state', 'dueAt', 'claimedAt', ...COUNTERS])} FROM deliveries
  WHERE seq IN ${d.list('seqs', 'int8')} ORDER BY seq ${d.forUpdate()}`

const REMOVE: Sql = d => `DELETE FROM deliveries WHERE seq IN ${d.list('seqs', 'int8')}`

/**
 * Locks messages with their deliveries, in the order of their numbers: first bodies, then deliveries, so that it waits
 * for a transaction that makes a delivered message due again. Only claims lock deliveries alone.
 */
const lock = async (tx: Tx, sql: Sql, keys: readonly (number | string)[]): Promise<LockedMessage[]> => {
  if (keys.length === 0) return []
  const bodies = await tx.all<Body & Counters>(sql, { keys })
  const found = await tx.all<Delivery & { seq: number }>(LOCK_DELIVERIES, { seqs: bodies.map(({ seq }) => seq) })
  const deliveries = new Map(found.map(delivery => [delivery.seq, delivery]))
  return bodies.map(body => ({ ...DELIVERED, ...body, ...deliveries.get(body.seq), counters: countersOf(body) }))
}

const DELIVERED = { state: 'delivered', dueAt: null, claimedAt: null } as const

export const lockMessages = (tx: Tx, seqs: readonly number[]): Promise<LockedMessage[]> =>
  lock(tx, LOCK_BY_SEQ, [...new Set(seqs)])

export const lockMessagesOf = (tx: Tx, registrationIds: readonly string[]): Promise<LockedMessage[]> =>
  lock(tx, LOCK_BY_REGISTRATION, registrationIds)

/** The change of a locked message. */
export interface DeliveryChange {
  was: LockedMessage
  becomes: Delivery
}

/**
 * Removes the deliveries of delivered messages and keeps their counters in `message_bodies`, which is written only
 * where they differ: usually they do not. Adds a delivery for a message that begins anew.
 */
export const saveDeliveries = async (tx: Tx, changes: readonly DeliveryChange[]): Promise<void> => {
  const over = changes.filter(({ becomes }) => becomes.state === 'delivered')
  const removed = over.filter(({ was }) => was.state !== 'delivered').map(({ was }) => was.seq)
  if (removed.length > 0) await tx.all(REMOVE, { seqs: removed })
  const recounted = over.filter(({ was, becomes }) => COUNTERS.some(name => was.counters[name] !== becomes[name]))
  const bodies = recounted.map(({ was: { seq }, becomes }) => ({ seq, ...countersOf(becomes) }))
  await tx.update('messageBodies', ['seq'], bodies)

  const open = changes.flatMap(({ was, becomes: { state, dueAt, claimedAt, ...becomes } }) =>
    state === 'delivered' ? [] : [{ was, row: { seq: was.seq, state, dueAt, claimedAt, ...countersOf(becomes) } }],
  )
  const goingOn = open.filter(({ was }) => was.state !== 'delivered').map(({ row }) => row)
  await tx.update('deliveries', ['seq'], goingOn)
  const reopened = open.filter(({ was }) => was.state === 'delivered')
  const added = reopened.map(({ was: { partnerId, registrationId, laneId, callbackUrl }, row }) => {
    return { ...row, partnerId, registrationId, laneId, callbackUrl }
  })
  await tx.insert('deliveries', added)
}
