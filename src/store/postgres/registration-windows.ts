import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { BulkActName, FoundRegistration, RegistrationFilter } from '../registration-search.ts'
import { whereToLook } from '../rules/registration-search.ts'
import { type FoundRow, idRangeOf, type SearchPlace, toFound } from '../rules/registration-window.ts'
import type { Tx } from './connection.ts'

/**
 * Looks at registrations a window at a time, the newest first: up to `limit` of those among which the meant ones are; fewer: there are no
 * more. A window costs the same however much there is: it goes by an index that has its rows in order.
 */
export const readWindow = async (tx: Tx, place: SearchPlace, limit: number): Promise<FoundRegistration[]> => {
  const { before, from } = idRangeOf(place)
  const { text, key } = sourceOf(place.filter, place.act)
  return (await tx.rows<FoundRow>(text, [before, from, limit, ...key])).map(toFound)
}

/** The statement, and what it takes beside the range and the limit. */
const sourceOf = (filter: RegistrationFilter, act: BulkActName | null): { text: string; key: string[] } => {
  const { partnerId, status, idcardid } = filter
  switch (whereToLook(filter, act)) {
    case 'serial':
      return { text: OF_SERIAL, key: [idcardid ?? ''] }
    case 'exhausted':
      return { text: EXHAUSTED, key: [partnerId ?? ''] }
    case 'failed':
      return { text: FAILED, key: [] }
    case 'partner':
      return status
        ? { text: OF_PARTNER_WITH_STATUS, key: [partnerId ?? '', status] }
        : { text: OF_PARTNER, key: [partnerId ?? ''] }
    default:
      return { text: ALL, key: [] }
  }
}

/** Each with what is known of it, for ids from a source: the newest $3 before $1, down to $2. A join may read all of a table. */
const factsOf = (source: string): string => `
  SELECT r.id, r.partner_id AS "partnerId", v.account_id AS "accountId", v.idcardid, r.callback_url AS "callbackUrl", r.status,
    r.reason, r.created_at AS "createdAt", r.resolved_at AS "resolvedAt", m.state, m.claims, m.attempts,
    m.created_at AS "messageAt", m.due_at AS "dueAt", m.claimed_at AS "claimedAt", a.n, a.at AS "attemptAt",
    a.duration_ms AS "durationMs", a.outcome, a.http_status AS "httpStatus", a.error
  FROM (${source}) AS s
    CROSS JOIN LATERAL (SELECT * FROM registrations WHERE id = s.id LIMIT 1) AS r
    CROSS JOIN LATERAL (SELECT * FROM verifications WHERE id = r.verification_id LIMIT 1) AS v
    LEFT JOIN LATERAL (SELECT * FROM messages WHERE seq = r.message_seq LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (SELECT * FROM attempts WHERE message_seq = m.seq ORDER BY n DESC LIMIT 1) AS a ON true
  ORDER BY s.id DESC`

const NEWEST = 'id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3'

/** In the order of their own index alone: by that of all ids a partner that has none of them would have all read. */
const ofStatus = (status: string): string => `
  (partner_id, status, id) < ($4, ${status}, $1) AND (partner_id, status, id) >= ($4, ${status}, $2)
  ORDER BY partner_id DESC, status DESC, id DESC LIMIT $3`

const ALL = factsOf(`SELECT id FROM registrations WHERE ${NEWEST}`)
const FAILED = factsOf(`
  SELECT registration_id AS id FROM deliveries
  WHERE (state = 'exhausted' OR attempts > 0) AND registration_id < $1 AND registration_id >= $2
  ORDER BY registration_id DESC LIMIT $3`)
const EXHAUSTED = factsOf(`
  SELECT registration_id AS id FROM deliveries
  WHERE partner_id = $4 AND state = 'exhausted' AND registration_id < $1 AND registration_id >= $2
  ORDER BY registration_id DESC LIMIT $3`)
const OF_PARTNER_WITH_STATUS = factsOf(`SELECT id FROM registrations WHERE ${ofStatus('$5')}`)
const OF_PARTNER = factsOf(`
  SELECT one.id FROM unnest('{${REGISTRATION_STATUSES.join()}}'::text[]) AS asked(status) CROSS JOIN LATERAL (
    SELECT id FROM registrations WHERE ${ofStatus('asked.status')}) AS one
  ORDER BY one.id DESC LIMIT $3`)
const OF_SERIAL = factsOf(`
  SELECT r.id FROM (SELECT id FROM verifications WHERE idcardid = $4 OFFSET 0) AS v
    CROSS JOIN LATERAL (SELECT id FROM registrations WHERE verification_id = v.id OFFSET 0) AS r
  WHERE r.id < $1 AND r.id >= $2 ORDER BY r.id DESC LIMIT $3`)

const THESE = factsOf('SELECT unnest($1::text[]) AS id')

/** Those of these that there are, the newest first. */
export const findThese = async (tx: Tx, ids: readonly string[]): Promise<FoundRegistration[]> =>
  ids.length === 0 ? [] : (await tx.rows<FoundRow>(THESE, [ids])).map(toFound)
