import { resent } from '../../core/message.ts'
import type { TurnedCallback } from '../callbacks.ts'
import type { Tx } from './connection.ts'
import { createLanes } from './lanes.ts'
import { createPauseLifting } from './pause-lifting.ts'

/** A message that the transaction has locked. */
export interface LockedMessage {
  seq: number
  partnerId: string
  registrationId: string
  callbackUrl: string
  laneId: number
  claims: number
  claimedAt: number | null
  unrecorded: number
  state: string
  createdAt: number
  isErased: boolean
}

/** Locks the messages of these registrations. */
export const lockMessages = (tx: Tx, registrationIds: readonly string[]): Promise<LockedMessage[]> =>
  tx.rows<LockedMessage>(
    `SELECT seq, partner_id AS "partnerId", registration_id AS "registrationId", callback_url AS "callbackUrl",
       lane_id AS "laneId", claims, claimed_at AS "claimedAt", unrecorded, state, created_at AS "createdAt",
       length(body) = 0 AS "isErased"
     FROM messages WHERE registration_id = ANY($1) ORDER BY seq FOR NO KEY UPDATE`,
    [registrationIds],
  )

/** Makes messages due at once, whatever their state, and lifts the pauses of their URLs; what has become of those. */
export const createMessageResending = () => {
  const lanesOf = createLanes()
  const liftPauses = createPauseLifting()

  return async (tx: Tx, messages: readonly LockedMessage[], at: number): Promise<readonly TurnedCallback[]> => {
    if (messages.length === 0) return []
    const lanes = await lanesOf.load(tx, {})
    const laneIds = messages.map(({ laneId }) => laneId)
    const { turns } = await liftPauses(tx, messages, { end: 'resend', at, lanes, laneIds })
    const changed = messages.map(message => ({ seq: message.seq, ...resent(message, at) }))
    await tx.rows(
      `UPDATE messages SET state = 'pending', due_at = v.due_at, claimed_at = NULL, retries = 0, claims = v.claims,
         fence = v.fence, unrecorded = v.unrecorded
       FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::int[]) AS v(seq, due_at, claims, fence, unrecorded)
       WHERE messages.seq = v.seq`,
      [
        changed.map(({ seq }) => seq),
        changed.map(({ dueAt }) => dueAt),
        changed.map(({ claims }) => claims),
        changed.map(({ fence }) => fence),
        changed.map(({ unrecorded }) => unrecorded),
      ],
    )
    for (const id of laneIds) lanes.advance(id, at)
    await lanes.save(tx)
    return turns
  }
}
