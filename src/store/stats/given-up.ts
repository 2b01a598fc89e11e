import type { Sql, Tx } from '../tx.ts'
import { type GivenUp, MAX_GIVEN_UP } from './stats.ts'

const LAST_AT = '(SELECT at FROM attempts WHERE message_seq = d.seq ORDER BY n DESC LIMIT 1)'
/** The newest of these deliveries, which all have one index. */
const newest = (rows: string): string => `(
  SELECT seq, registration_id, state, fence FROM deliveries WHERE ${rows} ORDER BY registration_id DESC LIMIT ${MAX_GIVEN_UP}) AS d`

const givenUpAmong =
  (rows: string): Sql =>
  d =>
    `
  SELECT count(CASE WHEN r.status <> 'cancelled' AND ${LAST_AT} > @since THEN 1 END) AS counted, count(*) AS found
  FROM ${newest(rows)} ${d.joinByLookup('registrations r', 'r.id = d.registration_id')}`

/** A resend sets the fence. What had arrived before counts as arrived; EXISTS may read all attempts. */
const resentAmong = (rows: string): Sql => `
  SELECT count(CASE WHEN d.state = 'pending' AND d.fence > 0 AND ${LAST_AT} > @since
      AND (SELECT 1 FROM attempts WHERE message_seq = d.seq AND outcome = 'delivered' LIMIT 1) IS NULL THEN 1 END) AS counted,
    count(*) AS found
  FROM ${newest(rows)}`

const OF_ALL = [givenUpAmong("state = 'exhausted'"), resentAmong("(state = 'exhausted' OR attempts > 0)")] as const
const OF_PARTNER = [
  givenUpAmong("partner_id = @partnerId AND state = 'exhausted'"),
  resentAmong("partner_id = @partnerId AND state = 'pending'"),
] as const

/** Counts given-up and resent messages whose last attempt came after `since`, of a partner or of all. */
export const givenUpSince = async (tx: Tx, since: number, partnerId?: string): Promise<GivenUp> => {
  const count = async (sql: Sql): Promise<[counted: number, isCapped: boolean]> => {
    const [row] = await tx.all<{ counted: number; found: number }>(sql, { since, ...(partnerId ? { partnerId } : {}) })
    return [row?.counted ?? 0, row?.found === MAX_GIVEN_UP]
  }
  const [ofGivenUp, ofResent] = partnerId === undefined ? OF_ALL : OF_PARTNER
  const [givenUp, givenUpIsCapped] = await count(ofGivenUp)
  const [resent, resentIsCapped] = await count(ofResent)
  return { givenUp, givenUpIsCapped, resent, resentIsCapped }
}
