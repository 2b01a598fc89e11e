import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { BulkActName, FoundRegistration, RegistrationFilter } from '../registration-search.ts'
import { whereToLook } from '../rules/registration-search.ts'
import { type FoundRow, idRangeOf, type SearchPlace, toFound } from '../rules/registration-window.ts'
import type { Context } from './context.ts'
import { onceForContext } from './once.ts'

interface Place {
  before: string
  from: string
  limit: number
}

/** Each with what is known of it, for ids from a source: the newest `limit` before `before`, down to `from`. */
const factsOf = (source: string): string => `
  SELECT r.id, r.partner_id AS partnerId, v.account_id AS accountId, v.idcardid, r.callback_url AS callbackUrl, r.status, r.reason,
    r.created_at AS createdAt, r.resolved_at AS resolvedAt, m.state, m.claims, m.attempts, m.created_at AS messageAt,
    m.due_at AS dueAt, m.claimed_at AS claimedAt, a.n, a.at AS attemptAt, a.duration_ms AS durationMs,
    a.outcome, a.http_status AS httpStatus, a.error
  FROM (${source}) s CROSS JOIN registrations r ON r.id = s.id CROSS JOIN verifications v ON v.id = r.verification_id
    LEFT JOIN messages m ON m.seq = r.message_seq
    LEFT JOIN attempts a ON a.message_seq = m.seq AND a.n = (SELECT max(n) FROM attempts WHERE message_seq = m.seq)
  ORDER BY s.id DESC`

const NEWEST = 'id < +@before AND id >= +@from ORDER BY id DESC LIMIT +@limit'
const OF_STATUS = (status: string): string => `
  SELECT id FROM (SELECT id FROM registrations WHERE partner_id = +@partnerId AND status = '${status}' AND ${NEWEST})`

/**
 * Looks at registrations a window at a time, the newest first. A window costs the same however much there is: it goes by an
 * index that has its rows in order. The pluses keep SQLite from compiling a statement anew for each value.
 */
export const createRegistrationWindows = onceForContext(({ client }: Pick<Context, 'client'>) => {
  const all = client.prepare<Place, FoundRow>(factsOf(`SELECT id FROM registrations WHERE ${NEWEST}`))
  const failed = client.prepare<Place, FoundRow>(
    factsOf(`
      SELECT registration_id AS id FROM messages
      WHERE (state = 'exhausted' OR (state = 'pending' AND attempts > 0))
        AND registration_id < +@before AND registration_id >= +@from
      ORDER BY registration_id DESC LIMIT +@limit`),
  )
  const exhausted = client.prepare<Place & { partnerId: string }, FoundRow>(
    factsOf(`
      SELECT registration_id AS id FROM messages
      WHERE partner_id = +@partnerId AND state = 'exhausted' AND state <> 'delivered'
        AND registration_id < +@before AND registration_id >= +@from
      ORDER BY registration_id DESC LIMIT +@limit`),
  )
  const ofStatus = new Map(
    REGISTRATION_STATUSES.map(status => [
      status,
      client.prepare<Place & { partnerId: string }, FoundRow>(factsOf(OF_STATUS(status))),
    ]),
  )
  const ofPartner = client.prepare<Place & { partnerId: string }, FoundRow>(
    factsOf(`${REGISTRATION_STATUSES.map(OF_STATUS).join(' UNION ALL ')} ORDER BY id DESC LIMIT +@limit`),
  )
  const ofSerial = client.prepare<Place & { idcardid: string }, FoundRow>(
    factsOf(`
      SELECT r.id FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
      WHERE v.idcardid = +@idcardid AND r.id < +@before AND r.id >= +@from ORDER BY r.id DESC LIMIT +@limit`),
  )

  const rowsOf = (filter: RegistrationFilter, act: BulkActName | null, place: Place): FoundRow[] => {
    const { partnerId, status, idcardid } = filter
    switch (whereToLook(filter, act)) {
      case 'serial':
        return ofSerial.all({ ...place, idcardid: idcardid ?? '' })
      case 'exhausted':
        return exhausted.all({ ...place, partnerId: partnerId ?? '' })
      case 'failed':
        return failed.all(place)
      case 'partner':
        return ((status && ofStatus.get(status)) ?? ofPartner).all({ ...place, partnerId: partnerId ?? '' })
      default:
        return all.all(place)
    }
  }

  return {
    /** Up to `limit` of those among which the meant ones are; fewer: there are no more. */
    window: (place: SearchPlace, limit: number): FoundRegistration[] =>
      rowsOf(place.filter, place.act, { ...idRangeOf(place), limit }).map(toFound),
  }
})
