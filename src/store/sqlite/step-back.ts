import { FIRST_MEND_PLACE, FIRST_MESSAGE_PLACE, type MendPlace } from '../due-times.ts'
import {
  isLaneLate,
  type MessageTimes,
  messageWithoutLead,
  type VerificationTimes,
  verificationWithoutLead,
} from '../rules/step-back.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { createLanes, type LaneBook } from './lanes.ts'

interface FoundVerification extends VerificationTimes {
  id: number
  accountId: string
  partnerId: string
  queue: number
}

interface FoundMessage extends MessageTimes {
  seq: number
  laneId: number
  laneDueAt: number | null
}

type After<Queue extends MendPlace['queue']> = Extract<MendPlace, { queue: Queue }>['after']

const VERIFICATION = `id, account_id AS accountId, partner_id AS partnerId, queue, due_at AS dueAt, claimed_at AS claimedAt,
  nudged_at AS nudgedAt, last_polled_at AS lastPolledAt, last_open_at AS lastOpenAt, failing_since AS failingSince`
const MESSAGE = `m.seq, m.lane_id AS laneId, m.due_at AS dueAt, m.claims, m.claimed_at AS claimedAt, m.created_at AS createdAt,
  (SELECT a.at FROM attempts a WHERE a.message_seq = m.seq ORDER BY a.n DESC LIMIT 1) AS attemptedAt,
  (SELECT a.n FROM attempts a WHERE a.message_seq = m.seq ORDER BY a.n DESC LIMIT 1) AS attemptedClaim,
  l.due_at AS laneDueAt, l.ramp_at AS rampAt, l.ramped`
/** A cross join keeps its order: one seek a message. */
const MESSAGES = 'messages m CROSS JOIN lanes l ON l.id = m.lane_id'

/**
 * Puts due times right after the system's clock was set back. Rows are read outside of the transaction, in the order of the index of
 * their queue, which has nothing else; what it puts right goes back in that order, behind the look.
 */
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

  /** Whether it has changed: since it was found, somebody may have put it right, or settled it. */
  const mendVerification = (id: number, at: number): boolean => {
    const row = findVerification.get(id)
    const mended = row ? verificationWithoutLead(row, at) : null
    if (mended) changeVerification.run({ id, ...mended })
    return mended !== null
  }

  const mendVerifications = async (after: After<'verifications'>, limit: number) => {
    const rows = await read(() => verifications.all(...(after ?? ['', '', 0, 0, 0]), limit))
    const found = rows.filter(row => verificationWithoutLead(row, now()) !== null)
    const change = () => {
      const at = now()
      return found.filter(({ id }) => mendVerification(id, at)).length
    }
    const mended = found.length === 0 ? 0 : await write(change)
    if (mended > 0) hints.emit('verificationsDue')
    return { mended, last: rows.length < limit ? undefined : rows.at(-1) }
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

  const mendMessages = async (after: After<'messages'>, limit: number) => {
    const rows = await read(() => messages.all(...(after ?? [0, 0, 0]), limit))
    const found = rows.filter(
      row => messageWithoutLead(row, now()) !== null || isLaneLate({ dueAt: row.laneDueAt }, row, now()),
    )
    const change = () => {
      const at = now()
      const lanes = beginLanes()
      const changed = found.filter(({ seq }) => mendMessage(seq, at, lanes))
      lanes.save()
      return changed.length
    }
    const mended = found.length === 0 ? 0 : await write(change)
    if (mended > 0) hints.emit('messagesDue')
    return { mended, last: rows.length < limit ? undefined : rows.at(-1) }
  }

  return {
    mendDueTimes: async (place, limit) => {
      const from = place ?? FIRST_MEND_PLACE
      if (from.queue === 'messages') {
        const { mended, last } = await mendMessages(from.after, limit)
        return { mended, next: last ? { queue: 'messages', after: [last.laneId, last.dueAt, last.seq] } : null }
      }
      const { mended, last } = await mendVerifications(from.after, limit)
      if (!last) return { mended, next: FIRST_MESSAGE_PLACE }
      const { accountId, partnerId, queue, dueAt, id } = last
      return { mended, next: { queue: 'verifications', after: [accountId, partnerId, queue, dueAt, id] } }
    },
  }
}
