import { encodeTime } from 'ulid'
import { HOUR } from '../core/duration.ts'
import type { MessageState } from '../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../core/registration.ts'
import type { Attempt } from './registration.ts'
import type { BulkActName, FoundRegistration, RegistrationFilter } from './registration-search.ts'

/** Where a search has come to. `before`: a registration; null: it begins with the newest. */
export interface SearchPlace {
  filter: RegistrationFilter
  act: BulkActName | null
  before: string | null
}

/** The differences between the engines: the table of the messages that are not delivered, and how a serial is looked up. */
export interface SourceDialect {
  undelivered: 'messages' | 'deliveries'
  ofSerial: (idcardid: string, newest: string) => string
}

/** A statement and its values; `$1` is the first. */
export interface SourceSql {
  text: string
  values: (string | number)[]
}

/**
 * The ids of the newest `limit` registrations from a place on, by the index that has the fewest others beside those that are meant, in
 * their order; so it costs the same however much there is. All that are meant are in it, and the caller filters the others out.
 */
export const sourceOf = (place: SearchPlace, limit: number, { undelivered, ofSerial }: SourceDialect): SourceSql => {
  const values: SourceSql['values'] = []
  const bind = (value: string | number): string => `$${values.push(value)}`
  const { idcardid, partnerId } = place.filter
  const range = idRangeOf(place)
  const [before, from, most] = [bind(range.before), bind(range.from), bind(limit)]
  const newest = (id: string) => `${id} < ${before} AND ${id} >= ${from} ORDER BY ${id} DESC LIMIT ${most}`

  const sourceOfPartner = (id: string): string => {
    const partner = bind(id)
    // In the order of an index that begins with the partner: by one of all ids a partner that has none would have all read. SQLite's
    // index of messages is of those that are not delivered, which no status is.
    const part = (table: string, columns: { kind: string; id: string }, kind: string): string => {
      const key = `(partner_id, ${columns.kind}, ${columns.id})`
      return `SELECT ${columns.id} AS id FROM ${table}
        WHERE ${key} < (${partner}, '${kind}', ${before}) AND ${key} >= (${partner}, '${kind}', ${from})
          AND ${columns.kind} <> 'delivered'
        ORDER BY partner_id DESC, ${columns.kind} DESC, ${columns.id} DESC LIMIT ${most}`
    }
    const parts = [
      ...statesOf(place).map(state => part(undelivered, { kind: 'state', id: 'registration_id' }, state)),
      ...statusesOf(place).map(status => part('registrations', { kind: 'status', id: 'id' }, status)),
    ].map((text, n) => `SELECT id FROM (${text}) AS part_${n}`)
    return `${parts.join(' UNION ')} ORDER BY id DESC LIMIT ${most}`
  }

  const textOf = (): string => {
    if (idcardid !== null) return ofSerial(bind(idcardid), newest('r.id'))
    if (partnerId !== null) return sourceOfPartner(partnerId)
    if (!isAmongFailed(place)) return `SELECT id FROM registrations WHERE ${newest('id')}`
    return `SELECT registration_id AS id FROM ${undelivered}
      WHERE (state = 'exhausted' OR (state = 'pending' AND attempts > 0)) AND ${newest('registration_id')}`
  }
  return { text: textOf(), values }
}

/** The states of undelivered messages among which all are that have a message; none: others may be meant too. */
const statesOf = ({ filter: { delivery, failing, error } }: SearchPlace): MessageState[] => {
  if (delivery === 'delivered') return []
  if (delivery !== null) return [delivery]
  return failing || error !== null ? ['pending', 'exhausted'] : []
}

/** The statuses of registrations that may be meant and are not in `statesOf`: those without a message, or with a delivered one. */
const statusesOf = (place: SearchPlace): RegistrationStatus[] => {
  const { status, delivery } = place.filter
  const isNamed = (one: RegistrationStatus) => status === null || one === status
  if (statesOf(place).length === 0)
    return REGISTRATION_STATUSES.filter(
      one => isNamed(one) && (status !== null || delivery === null || one !== 'pending'),
    )
  if (isOfMessages(place)) return []
  // How `deliveryWithoutMessage` counts them.
  return [delivery === 'pending' ? ('pending' as const) : ('cancelled' as const)].filter(isNamed)
}

/** Nothing without a message is meant. */
const isOfMessages = ({ act, filter: { failing, error } }: SearchPlace): boolean =>
  act === 'resend' || failing || error !== null

/** All that are meant have a message that has failed or was given up. */
const isAmongFailed = (place: SearchPlace): boolean => {
  const { failing, error, delivery } = place.filter
  return failing || error !== null || (delivery === 'exhausted' && statusesOf(place).length === 0)
}

/** After every id. */
export const END = '~'
/** An id has the time at which it was made; a registration may be written somewhat later, and the clock may be set. */
const ID_SLACK_MS = HOUR
/** ULIDs are compared as text: these many characters of one are its time. */
const TIME_LENGTH = 10

const idOfTime = (ms: number): string => `reg_${encodeTime(Math.max(0, ms), TIME_LENGTH)}`

/** Those that are meant have ids from `from` on, and before `before`. A webhook is created after its registration. */
const idRangeOf = ({ filter, before }: SearchPlace): { from: string; before: string } => {
  const until = filter.until ?? filter.messageUntil
  const end = until === null ? END : `${idOfTime(until + ID_SLACK_MS)}${END}`
  return {
    before: before === null || before > end ? end : before,
    from: filter.since === null ? '' : idOfTime(filter.since - ID_SLACK_MS),
  }
}

/** A registration as engines find it, with its message and the last attempt of that. */
export type FoundRow = Omit<FoundRegistration, 'message'> & {
  state: MessageState | null
  /** Those of the message and of the attempt are null where there is none. */
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

/** The columns of a `FoundRow`, of `registrations r`, `verifications v`, `messages m` and `attempts a`. */
export const FOUND_COLUMNS = `
  r.id, r.partner_id AS "partnerId", v.account_id AS "accountId", v.idcardid, r.callback_url AS "callbackUrl", r.status, r.reason,
  r.created_at AS "createdAt", r.resolved_at AS "resolvedAt", m.state, m.claims, m.attempts, m.created_at AS "messageAt",
  m.due_at AS "dueAt", m.claimed_at AS "claimedAt", a.n, a.at AS "attemptAt", a.duration_ms AS "durationMs", a.outcome,
  a.http_status AS "httpStatus", a.error`

export const toFound = (row: FoundRow): FoundRegistration => {
  const { state, claims, attempts, messageAt, dueAt, claimedAt, n, attemptAt, durationMs, outcome, httpStatus, error } =
    row
  const lastAttempt = attemptAt === null ? null : { n, at: attemptAt, durationMs, outcome, httpStatus, error }
  return {
    id: row.id,
    partnerId: row.partnerId,
    accountId: row.accountId,
    idcardid: row.idcardid,
    callbackUrl: row.callbackUrl,
    status: row.status,
    reason: row.reason,
    createdAt: row.createdAt,
    resolvedAt: row.resolvedAt,
    message: state && { state, claims, attempts, createdAt: messageAt, dueAt, claimedAt, lastAttempt },
  }
}
