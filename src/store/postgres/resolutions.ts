import { type Ending, type Resolution, resolve } from '../rules/settle-verification.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import type { LaneUnitOfWork } from './lanes.ts'

/** Ends registrations and creates the messages that tell it, within one run of a transaction. */
export interface Resolutions {
  /** The caller holds the registration's verification, and has loaded its lane. */
  add(ending: Ending): void
  /** What was added. */
  collected: readonly Resolution[]
  /** Writes all of it. It comes last: until the commit nobody else can number events of these partners. */
  save(): Promise<void>
}

/**
 * One statement: it locks the partners in their order, numbers the messages in the order in which they were added, and ends the
 * registrations, each with its message.
 */
const SAVE = `
  WITH locked AS (
    SELECT id FROM partners WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE
  ), numbered AS (
    UPDATE partners SET events = partners.events + more.n
    FROM locked JOIN unnest($1::text[], $2::bigint[]) AS more(id, n) USING (id)
    WHERE partners.id = locked.id
    RETURNING partners.id, partners.events - more.n AS before
  ), ended AS (
    SELECT * FROM unnest(
      $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bytea[], $10::bigint[], $11::text[],
      $12::bigint[], $13::int[], $14::text[], $15::text[]
    ) WITH ORDINALITY AS e(partner_id, nth_of_partner, registration_id, lane_id, callback_url, type, body, at, traceparent,
      verification_id, n, status, reason, nth)
  ), told AS (
    INSERT INTO message_bodies (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at, traceparent)
    SELECT partner_id, before + nth_of_partner, registration_id, lane_id, callback_url, type, body, at, traceparent
    FROM ended LEFT JOIN numbered ON numbered.id = ended.partner_id
    ORDER BY nth
    RETURNING seq, partner_id, registration_id, lane_id, callback_url, created_at
  ), queued AS (
    INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
    SELECT seq, partner_id, registration_id, lane_id, callback_url, created_at FROM told
  )
  UPDATE registrations
  SET status = ended.status, reason = ended.reason, resolved_at = ended.at, message_seq = told.seq
  FROM ended JOIN told USING (registration_id)
  WHERE registrations.verification_id = ended.verification_id AND registrations.n = ended.n`

export const createResolutions = ({ sealed }: Pick<Context, 'sealed'>) => ({
  /** @param partnerIds all whose registrations may end */
  begin: async (
    tx: Tx,
    partnerIds: readonly string[],
    lanes: Pick<LaneUnitOfWork, 'advance'>,
    at: number,
  ): Promise<Resolutions> => {
    const thin = await thinOf(tx, [...new Set(partnerIds)])
    const collected: Resolution[] = []
    return {
      collected,

      add: ending => {
        const isThin = thin.has(ending.registration.partnerId)
        const resolution = resolve(ending, { at, thin: isThin })
        collected.push(resolution)
        lanes.advance(resolution.message.laneId, resolution.message.createdAt)
      },

      save: async () => {
        if (collected.length === 0) return
        const events = new Map<string, number>()
        const nthOf = (partnerId: string): number => {
          const nth = (events.get(partnerId) ?? 0) + 1
          events.set(partnerId, nth)
          return nth
        }
        const messages = collected.map(({ message }) => ({ ...message, nth: nthOf(message.partnerId) }))
        const registrations = collected.map(({ registration }) => registration)
        await tx.rows(SAVE, [
          [...events.keys()],
          [...events.values()],
          messages.map(({ partnerId }) => partnerId),
          messages.map(({ nth }) => nth),
          messages.map(({ registrationId }) => registrationId),
          messages.map(({ laneId }) => laneId),
          messages.map(({ callbackUrl }) => callbackUrl),
          messages.map(({ type }) => type),
          messages.map(message => sealed.message.seal(message, message.body)),
          messages.map(({ createdAt }) => createdAt),
          messages.map(({ traceparent }) => traceparent),
          registrations.map(({ verificationId }) => verificationId),
          registrations.map(({ n }) => n),
          registrations.map(({ status }) => status),
          registrations.map(({ reason }) => reason),
        ])
      },
    }
  },
})

/** The partners whose webhooks leave out the scores and the message. */
const thinOf = async (tx: Tx, partnerIds: readonly string[]): Promise<ReadonlySet<string>> => {
  if (partnerIds.length === 0) return new Set()
  const rows = await tx.rows<{ id: string }>("SELECT id FROM partners WHERE id = ANY($1) AND payload = 'thin'", [
    partnerIds,
  ])
  return new Set(rows.map(({ id }) => id))
}
