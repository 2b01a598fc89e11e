import { encodeTime } from 'ulid'
import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { Attempt } from '../registration.ts'
import type { BulkActName, FoundRegistration, RegistrationFilter } from '../registration-search.ts'
import { idTimes, whereToLook } from '../rules/registration-search.ts'
import type { Context } from './context.ts'

type Row = Omit<FoundRegistration, 'message'> & {
  state: MessageState | null
  claims: number
  attempts: number
  messageAt: number
  dueAt: number | null
  claimedAt: number | null
  n: number
  attemptAt: number | null
  durationMs: number
  outcome: Attempt['outcome']
  httpStatus: number | null
  error: string | null
}
interface Place {
  before: string
  from: string
  limit: number
}

/** Before and after every id. */
const START = ''
const END = '~'
/** ULIDs are compared as text: these many characters of one are its time. */
const TIME_LENGTH = 10

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
export const createRegistrationWindows = ({ client }: Pick<Context, 'client'>) => {
  const all = client.prepare<Place, Row>(factsOf(`SELECT id FROM registrations WHERE ${NEWEST}`))
  const failed = client.prepare<Place, Row>(
    factsOf(`
      SELECT registration_id AS id FROM messages
      WHERE (state = 'exhausted' OR (state = 'pending' AND attempts > 0))
        AND registration_id < +@before AND registration_id >= +@from
      ORDER BY registration_id DESC LIMIT +@limit`),
  )
  const ofStatus = new Map(
    REGISTRATION_STATUSES.map(status => [
      status,
      client.prepare<Place & { partnerId: string }, Row>(factsOf(OF_STATUS(status))),
    ]),
  )
  const ofPartner = client.prepare<Place & { partnerId: string }, Row>(
    factsOf(`${REGISTRATION_STATUSES.map(OF_STATUS).join(' UNION ALL ')} ORDER BY id DESC LIMIT +@limit`),
  )
  const ofSerial = client.prepare<Place & { idcardid: string }, Row>(
    factsOf(`
      SELECT r.id FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
      WHERE v.idcardid = +@idcardid AND r.id < +@before AND r.id >= +@from ORDER BY r.id DESC LIMIT +@limit`),
  )

  const rowsOf = (filter: RegistrationFilter, act: BulkActName | null, place: Place): Row[] => {
    const { partnerId, status, idcardid } = filter
    switch (whereToLook(filter, act)) {
      case 'serial':
        return ofSerial.all({ ...place, idcardid: idcardid ?? '' })
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
    window: (
      { filter, act, before }: { filter: RegistrationFilter; act: BulkActName | null; before: string | null },
      limit: number,
    ): FoundRegistration[] => {
      const { from, to } = idTimes(filter)
      const end = to === null ? END : `reg_${encodeTime(to, TIME_LENGTH)}${END}`
      const place = {
        before: before === null || before > end ? end : before,
        from: from === null ? START : `reg_${encodeTime(from, TIME_LENGTH)}`,
        limit,
      }
      return rowsOf(filter, act, place).map(toFound)
    },
  }
}

const toFound = ({
  state,
  claims,
  attempts,
  messageAt,
  dueAt,
  claimedAt,
  n,
  attemptAt,
  durationMs,
  outcome,
  httpStatus,
  error,
  ...found
}: Row): FoundRegistration => ({
  ...found,
  message: state && {
    state,
    claims,
    attempts,
    createdAt: messageAt,
    dueAt,
    claimedAt,
    lastAttempt: attemptAt === null ? null : { n, at: attemptAt, durationMs, outcome, httpStatus, error },
  },
})
