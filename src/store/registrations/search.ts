import { encodeTime } from 'ulid'
import { yieldToLoop } from '../../core/clock.ts'
import { HOUR } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import { exhaustedIn } from '../bulk/states.ts'
import type { StoreContext } from '../context.ts'
import type { Page } from '../page.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Dialect, type Sql, type Tx } from '../tx.ts'
import {
  ALL_REGISTRATIONS,
  type BulkActName,
  COUNTED_AMONG,
  type FoundRegistration,
  GROUPED,
  groupsOf,
  isWanted,
  MOST_MATCHES,
  type RegistrationFilter,
  SEARCHED_AT_ONCE,
} from './filter.ts'
import type { RegistrationQuery } from './queries.ts'

/** Where a search has come to. `before`: a registration; null: it begins with the newest. */
export interface SearchPlace {
  filter: RegistrationFilter
  act: BulkActName | null
  before: string | null
}
/** Up to `limit` of the registrations among which the meant ones are, the newest first; fewer: there are no more. */
export type ReadWindow = (place: SearchPlace, limit: number) => Promise<FoundRegistration[]>

/** Those of them that are wanted by what cannot be seen of them. */
export type Choose = (meant: readonly FoundRegistration[]) => Promise<readonly FoundRegistration[]>

/** `lookedBackTo`: it has looked at as many as it may; when the last of them was created. */
export interface SearchPage<Item> extends Page<Item> {
  lookedBackTo?: number
}

export const createRegistrationSearch = ({ read }: Pick<StoreContext, 'read'>) => {
  const window: ReadWindow = (place, limit) => read(tx => readWindow(tx, place, limit))

  return {
    searchRegistrations: query => search(window, query, { among: SEARCHED_AT_ONCE, most: query.limit }),

    countRegistrations: async wanted => {
      const bounds = { among: COUNTED_AMONG, most: MOST_MATCHES }
      const { found, next } = await search(window, { ...wanted, before: null }, bounds)
      return { count: found.length, isCapped: next !== null }
    },

    groupFailures: async () => {
      const place = { filter: { ...ALL_REGISTRATIONS, failing: true }, act: null, before: null }
      const { found, next } = await search(window, place, { among: GROUPED, most: GROUPED })
      return { groups: groupsOf(found), isCapped: next !== null }
    },

    countExhausted: async (partnerId, span) => {
      const place = exhaustedIn(partnerId, span)
      let count = 0
      for (let before: string | null = null; ; await yieldToLoop()) {
        const { found, next } = await search(window, { ...place, before }, { among: WINDOW, most: WINDOW })
        count += found.length
        if (next === null) return count
        before = next
      }
    },

    partnerOf: id =>
      read(async tx => {
        const sql = 'SELECT partner_id AS "partnerId" FROM registrations WHERE id = @id'
        const [row] = await tx.all<{ partnerId: string }>(sql, { id })
        return row?.partnerId ?? null
      }),
  } satisfies Partial<Store>
}

/** A page of a partner's registrations, the newest first. */
export const pageOfPartner = (
  window: ReadWindow,
  partnerId: string,
  { limit, before, ...named }: Omit<RegistrationQuery, 'metadata'>,
  choose?: Choose,
): Promise<SearchPage<FoundRegistration>> => {
  const place = { filter: { ...ALL_REGISTRATIONS, partnerId, ...named }, act: null, before }
  return search(window, place, { among: SEARCHED_AT_ONCE, most: limit, choose })
}

/** So many registrations one statement reads; others read in between. */
const WINDOW = 1_000

/** Reads `among` registrations at most, until `most` are found. `next`: where others may follow. */
const search = async (
  window: ReadWindow,
  { filter, act, before }: SearchPlace,
  { among, most, choose }: { among: number; most: number; choose?: Choose | undefined },
): Promise<SearchPage<FoundRegistration>> => {
  const found: FoundRegistration[] = []
  let end = before
  let left = among
  for (let size = Math.min(most + 1, WINDOW, left); ; size = Math.min(WINDOW, left)) {
    const rows = await window({ filter, act, before: end }, size)
    const meant = rows.filter(row => isWanted(row, filter, act))
    found.push(...(choose ? await choose(meant) : meant))
    left -= rows.length
    if (found.length > most) return { found: found.slice(0, most), next: found[most - 1]?.id ?? end }
    if (rows.length < size) return { found, next: null }
    const last = rows.at(-1)
    end = last?.id ?? end
    if (left === 0) return { found, next: end, ...(last ? { lookedBackTo: last.createdAt } : {}) }
    await yieldToLoop()
  }
}

export const readWindow = async (tx: Tx, place: SearchPlace, limit: number): Promise<FoundRegistration[]> => {
  const { idcardid, partnerId, host } = place.filter
  // Of another host nothing is meant, so its message is not looked up.
  const urls = host === null ? '%' : `%${host}%`
  const sql = factsOf(sourceOf(place, tx.dialect), tx.dialect)
  return (await tx.all<FoundRow>(sql, { ...idRangeOf(place), limit, idcardid, partnerId, urls })).map(toFound)
}

export const findRegistration = async (tx: Tx, id: string): Promise<FoundRegistration | undefined> =>
  (await tx.all<FoundRow>(FIND, { id, urls: '%' })).map(toFound)[0]

const newest = (id: string) => `${id} < @before AND ${id} >= @from ORDER BY ${id} DESC LIMIT @limit`

/**
 * The ids of the newest registrations from a place on, by the index that has the fewest others beside those that are meant, in their
 * order; so it costs the same however much there is. All that are meant are in it, and the caller filters the others out.
 */
const sourceOf = (place: SearchPlace, { lookUp }: Dialect): string => {
  if (place.filter.idcardid !== null)
    return `SELECT r.id FROM verifications v ${lookUp('registrations r', 'r.verification_id = v.id')}
      WHERE v.idcardid = @idcardid AND ${newest('r.id')}`
  if (place.filter.partnerId !== null) return sourceOfPartner(place)
  if (!isAmongFailed(place)) return `SELECT id FROM registrations WHERE ${newest('id')}`
  return `SELECT registration_id AS id FROM deliveries
    WHERE (state = 'exhausted' OR attempts > 0) AND ${newest('registration_id')}`
}

/** In the order of an index that begins with the partner: by one of all ids a partner that has none would have all read. */
const sourceOfPartner = (place: SearchPlace): string => {
  const part = (table: string, kind: string, id: string, value: string): string => {
    const key = `(partner_id, ${kind}, ${id})`
    return `SELECT ${id} AS id FROM ${table}
      WHERE ${key} < (@partnerId, '${value}', @before) AND ${key} >= (@partnerId, '${value}', @from)
      ORDER BY partner_id DESC, ${kind} DESC, ${id} DESC LIMIT @limit`
  }
  const parts = [
    ...statesOf(place).map(state => part('deliveries', 'state', 'registration_id', state)),
    ...statusesOf(place).map(status => part('registrations', 'status', 'id', status)),
  ].map((text, n) => `SELECT id FROM (${text}) AS part_${n}`)
  return `${parts.join(' UNION ')} ORDER BY id DESC LIMIT @limit`
}

/** The states of undelivered messages among which all are that have a message; none: others may be meant too. */
const statesOf = ({ filter: { delivery, failing, error } }: SearchPlace): MessageState[] => {
  if (delivery === 'delivered') return []
  if (delivery !== null) return [delivery]
  return failing || error !== null ? ['pending', 'exhausted'] : []
}

/** The statuses of registrations that may be meant and are not in `statesOf`: none, or those with a delivered message, or without one. */
const statusesOf = (place: SearchPlace): RegistrationStatus[] => {
  const { status, delivery } = place.filter
  if (statesOf(place).length > 0) return []
  if (status !== null) return [status]
  return REGISTRATION_STATUSES.filter(one => delivery === null || one !== 'pending')
}

/** All that are meant have a message that has failed or was given up. */
const isAmongFailed = ({ filter: { failing, error, delivery } }: SearchPlace): boolean =>
  failing || error !== null || delivery === 'exhausted'

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

type Message = NonNullable<FoundRegistration['message']>

/** A registration with its message and the last attempt of that: what is of them is null where there is none. */
interface FoundRow
  extends Omit<FoundRegistration, 'message'>,
    Omit<Message, 'state' | 'createdAt' | 'lastAttempt'>,
    Omit<NonNullable<Message['lastAttempt']>, 'at'> {
  state: MessageState | null
  messageAt: number
  attemptAt: number | null
}

const OWN = ['id', 'partnerId', 'callbackUrl', 'status', 'reason', 'createdAt', 'resolvedAt'] as const

const factsOf = (source: string, { lookUp }: Dialect): string => `
  SELECT ${columnsOf('registrations', OWN, 'r')}, ${columnsOf('verifications', ['accountId', 'idcardid'], 'v')},
    CASE WHEN b.seq IS NOT NULL THEN coalesce(d.state, 'delivered') END AS state,
    coalesce(d.claims, b.claims) AS claims, coalesce(d.attempts, b.attempts) AS attempts, b.created_at AS "messageAt",
    ${columnsOf('deliveries', ['dueAt', 'claimedAt'], 'd')}, a.at AS "attemptAt",
    ${columnsOf('attempts', ['n', 'durationMs', 'outcome', 'httpStatus', 'error'], 'a')}
  FROM (${source}) AS s ${lookUp('registrations r', 'r.id = s.id')} ${lookUp('verifications v', 'v.id = r.verification_id')}
    ${lookUp('message_bodies b', 'b.seq = r.message_seq AND r.callback_url LIKE @urls', 'or none')} ${lookUp('deliveries d', 'd.seq = b.seq', 'or none')}
    ${lookUp('attempts a', 'a.message_seq = b.seq AND a.n = (SELECT max(n) FROM attempts WHERE message_seq = b.seq)', 'or none')}
  ORDER BY s.id DESC`

const FIND: Sql = d => factsOf('SELECT CAST(@id AS text) AS id', d)

const toFound = (row: FoundRow): FoundRegistration => {
  const { state, claims, attempts, messageAt, dueAt, claimedAt, ...withAttempt } = row
  const { n, attemptAt, durationMs, outcome, httpStatus, error, ...registration } = withAttempt
  const lastAttempt = attemptAt === null ? null : { n, at: attemptAt, durationMs, outcome, httpStatus, error }
  return {
    ...registration,
    message: state && { state, claims, attempts, createdAt: messageAt, dueAt, claimedAt, lastAttempt },
  }
}
