import { createMending, type FoundMessage, type FoundVerification } from '../due-times.ts'
import { isLaneLate, messageWithoutLead, verificationWithoutLead } from '../rules/step-back.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

const VERIFICATION = `id, account_id AS "accountId", partner_id AS "partnerId", queue, due_at AS "dueAt",
  claimed_at AS "claimedAt", nudged_at AS "nudgedAt", last_polled_at AS "lastPolledAt", last_open_at AS "lastOpenAt",
  failing_since AS "failingSince"`
/** In the order of the queues, which all but ends as the index does: what is due in the same ms is sorted by itself. */
export const LOOK_AT_VERIFICATIONS = `
  SELECT ${VERIFICATION} FROM verifications
  WHERE due_at IS NOT NULL AND (account_id, partner_id, queue, due_at, id) > ($1, $2, $3::int, $4::bigint, $5::bigint)
  ORDER BY account_id, partner_id, queue, due_at, id LIMIT $6`
const LOCK_VERIFICATIONS = `
  SELECT ${VERIFICATION} FROM verifications WHERE id = ANY($1::bigint[]) AND due_at IS NOT NULL
  ORDER BY id FOR NO KEY UPDATE`
const CHANGE_VERIFICATIONS = `
  UPDATE verifications v SET due_at = m.due_at, claimed_at = m.claimed_at, nudged_at = m.nudged_at,
    last_polled_at = m.last_polled_at, last_open_at = m.last_open_at, failing_since = m.failing_since
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    AS m(id, due_at, claimed_at, nudged_at, last_polled_at, last_open_at, failing_since)
  WHERE v.id = m.id`

const MESSAGE = `m.seq, m.lane_id AS "laneId", m.due_at AS "dueAt", m.claims, m.claimed_at AS "claimedAt",
  b.created_at AS "createdAt", a.at AS "attemptedAt", a.n AS "attemptedClaim", l.due_at AS "laneDueAt", l.ramp_at AS "rampAt",
  l.ramped`
const MESSAGES_WITH = `
  JOIN message_bodies b ON b.seq = m.seq
  JOIN lanes l ON l.id = m.lane_id
  LEFT JOIN LATERAL (SELECT at, n FROM attempts WHERE message_seq = m.seq ORDER BY n DESC LIMIT 1) AS a ON true`
const MESSAGES = `
  SELECT ${MESSAGE} FROM (
    SELECT * FROM deliveries WHERE due_at IS NOT NULL AND (lane_id, due_at, seq) > ($1::bigint, $2::bigint, $3::bigint)
    ORDER BY lane_id, due_at, seq LIMIT $4) AS m ${MESSAGES_WITH}
  ORDER BY m.lane_id, m.due_at, m.seq`
const LOCK_MESSAGES = 'SELECT seq FROM deliveries WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE'
const FIND_MESSAGES = `
  SELECT ${MESSAGE} FROM deliveries m ${MESSAGES_WITH} WHERE m.seq = ANY($1::bigint[]) AND m.due_at IS NOT NULL`
const CHANGE_MESSAGES = `
  UPDATE deliveries SET due_at = m.due_at, claimed_at = m.claimed_at
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS m(seq, due_at, claimed_at) WHERE deliveries.seq = m.seq`
const CHANGE_ATTEMPTS = `
  UPDATE attempts SET at = attempts.at - m.lead_ms FROM unnest($1::bigint[], $2::bigint[]) AS m(seq, lead_ms)
  WHERE attempts.message_seq = m.seq AND attempts.at > $3`

export const createStepBack = ({
  read,
  write,
  tell,
}: Pick<Context, 'read' | 'write' | 'tell'>): Pick<Store, 'mendDueTimes'> => {
  const lanes = createLanes()

  const mendMessages = async (tx: Tx, seqs: readonly number[]): Promise<number> => {
    await tx.rows(LOCK_MESSAGES, [seqs])
    const laneIds = (await tx.rows<FoundMessage>(FIND_MESSAGES, [seqs])).map(({ laneId }) => laneId)
    const book = await lanes.load(tx, { ids: laneIds })
    // The ramp of a lane is read only once the lane is locked.
    const rows = await tx.rows<FoundMessage>(FIND_MESSAGES, [seqs])
    const changes = rows.flatMap(row => {
      const mended = messageWithoutLead(row, tx.at)
      return mended || isLaneLate(book.get(row.laneId), row, tx.at) ? [{ ...row, mended }] : []
    })
    for (const { laneId, dueAt, mended } of changes) book.advance(laneId, mended?.dueAt ?? dueAt)
    const mended = changes.flatMap(({ seq, mended }) => (mended ? [{ seq, ...mended }] : []))
    const changed = mended.map(({ seq }) => seq)
    await tx.rows(CHANGE_MESSAGES, [
      changed,
      mended.map(({ dueAt }) => dueAt),
      mended.map(({ claimedAt }) => claimedAt),
    ])
    await tx.rows(CHANGE_ATTEMPTS, [changed, mended.map(({ leadMs }) => leadMs), tx.at])
    await book.save(tx)
    return changes.length
  }

  return {
    mendDueTimes: createMending({
      verifications: {
        look: (after, limit) =>
          read(async tx => ({ rows: await tx.rows(LOOK_AT_VERIFICATIONS, [...after, limit]), at: tx.at })),
        mend: ids => write(tx => mendVerifications(tx, ids)),
      },
      messages: {
        look: (after, limit) => read(async tx => ({ rows: await tx.rows(MESSAGES, [...after, limit]), at: tx.at })),
        mend: seqs => write(tx => mendMessages(tx, seqs)),
      },
      tell,
    }),
  }
}

const mendVerifications = async (tx: Tx, ids: readonly number[]): Promise<number> => {
  const rows = await tx.rows<FoundVerification>(LOCK_VERIFICATIONS, [ids])
  const mended = rows.flatMap(row => {
    const times = verificationWithoutLead(row, tx.at)
    return times ? [{ id: row.id, ...times }] : []
  })
  await tx.rows(CHANGE_VERIFICATIONS, [
    mended.map(({ id }) => id),
    mended.map(({ dueAt }) => dueAt),
    mended.map(({ claimedAt }) => claimedAt),
    mended.map(({ nudgedAt }) => nudgedAt),
    mended.map(({ lastPolledAt }) => lastPolledAt),
    mended.map(({ lastOpenAt }) => lastOpenAt),
    mended.map(({ failingSince }) => failingSince),
  ])
  return mended.length
}
