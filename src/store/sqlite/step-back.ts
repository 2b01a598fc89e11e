import { createMending, type FoundMessage, type FoundVerification } from '../due-times.ts'
import { tellHints } from '../hints.ts'
import { isLaneLate, messageWithoutLead, type VerificationTimes, verificationWithoutLead } from '../rules/step-back.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { createLanes, type LaneBook } from './lanes.ts'

const VERIFICATION = `id, account_id AS accountId, partner_id AS partnerId, queue, due_at AS dueAt, claimed_at AS claimedAt,
  nudged_at AS nudgedAt, last_polled_at AS lastPolledAt, last_open_at AS lastOpenAt, failing_since AS failingSince`
const MESSAGE = `m.seq, m.lane_id AS laneId, m.due_at AS dueAt, m.claims, m.claimed_at AS claimedAt, m.created_at AS createdAt,
  (SELECT a.at FROM attempts a WHERE a.message_seq = m.seq ORDER BY a.n DESC LIMIT 1) AS attemptedAt,
  (SELECT a.n FROM attempts a WHERE a.message_seq = m.seq ORDER BY a.n DESC LIMIT 1) AS attemptedClaim,
  l.due_at AS laneDueAt, l.ramp_at AS rampAt, l.ramped`
/** A cross join keeps its order: one seek a message. */
const MESSAGES = 'messages m CROSS JOIN lanes l ON l.id = m.lane_id'

export const createStepBack = ({ client, read, write, now, hints }: Context): Pick<Store, 'mendDueTimes'> => {
  const beginLanes = createLanes(client)
  const verifications = client.prepare<unknown[], FoundVerification>(`
    SELECT ${VERIFICATION} FROM verifications
    WHERE due_at IS NOT NULL AND (account_id, partner_id, queue, due_at, id) > (+?, +?, +?, +?, +?)
    ORDER BY account_id, partner_id, queue, due_at, id LIMIT +?`)
  const messages = client.prepare<unknown[], FoundMessage>(`
    SELECT ${MESSAGE} FROM ${MESSAGES}
    WHERE m.due_at IS NOT NULL AND (m.lane_id, m.due_at, m.seq) > (+?, +?, +?)
    ORDER BY m.lane_id, m.due_at, m.seq LIMIT +?`)
  const findVerification = client.prepare<[id: number], FoundVerification>(
    `SELECT ${VERIFICATION} FROM verifications WHERE id = ? AND due_at IS NOT NULL`,
  )
  const findMessage = client.prepare<[seq: number], FoundMessage>(
    `SELECT ${MESSAGE} FROM ${MESSAGES} WHERE m.seq = ? AND m.due_at IS NOT NULL`,
  )
  const changeVerification = client.prepare<VerificationTimes & { id: number }>(`
    UPDATE verifications SET due_at = @dueAt, claimed_at = @claimedAt, nudged_at = @nudgedAt,
      last_polled_at = @lastPolledAt, last_open_at = @lastOpenAt, failing_since = @failingSince
    WHERE id = @id`)
  const changeMessage = client.prepare<[dueAt: number, claimedAt: number | null, seq: number]>(
    'UPDATE messages SET due_at = ?, claimed_at = ? WHERE seq = ?',
  )
  const changeAttempts = client.prepare<[leadMs: number, seq: number, at: number]>(
    'UPDATE attempts SET at = at - ? WHERE message_seq = ? AND at > ?',
  )

  const mendVerification = (id: number, at: number): boolean => {
    const row = findVerification.get(id)
    const mended = row ? verificationWithoutLead(row, at) : null
    if (mended) changeVerification.run({ id, ...mended })
    return mended !== null
  }

  const mendMessage = (seq: number, at: number, lanes: LaneBook): boolean => {
    const row = findMessage.get(seq)
    if (!row) return false
    const mended = messageWithoutLead(row, at)
    if (!mended && !isLaneLate(lanes.get(row.laneId), row, at)) return false
    if (mended) {
      changeMessage.run(mended.dueAt, mended.claimedAt, seq)
      changeAttempts.run(mended.leadMs, seq, at)
    }
    lanes.advance(row.laneId, mended?.dueAt ?? row.dueAt)
    return true
  }

  return {
    mendDueTimes: createMending({
      verifications: {
        look: async (after, limit) => ({ rows: await read(() => verifications.all(...after, limit)), at: now() }),
        mend: ids =>
          write(() => {
            const at = now()
            return ids.filter(id => mendVerification(id, at)).length
          }),
      },
      messages: {
        look: async (after, limit) => ({ rows: await read(() => messages.all(...after, limit)), at: now() }),
        mend: seqs =>
          write(() => {
            const at = now()
            const lanes = beginLanes()
            const mended = seqs.filter(seq => mendMessage(seq, at, lanes))
            lanes.save()
            return mended.length
          }),
      },
      tell: told => tellHints(hints, told),
    }),
  }
}
