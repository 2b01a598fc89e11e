import { encodeTime } from 'ulid'
import { yieldToLoop } from '../../core/clock.ts'
import { HOUR } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus, serialKey } from '../../core/registration.ts'
import { type ExhaustedSpan, exhaustedIn } from '../bulk/states.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import type { Page } from '../page.ts'
import { columnsOf, type Dialect, type Sql, type Tx } from '../tx.ts'
import {
  ALL_REGISTRATIONS,
  type BoundedCount,
  type BulkActName,
  COUNTED_AMONG,
  type FailureGroups,
  type FoundRegistration,
  GROUPED,
  groupsOf,
  isMatch,
  MAX_MATCHES,
  type RegistrationFilter,
  type RegistrationQuery,
  SEARCHED_AT_ONCE,
  type SearchQuery,
} from './filter.ts'

/** Position of a search. `before`: id of a registration; null: the search begins with the newest. */
export interface SearchPlace {
  filter: RegistrationFilter
  act: BulkActName | null
  before: string | null
}
/** Whether a search, of all partners, also finds serials that the vendor may take for the one in the filter. */
const findsSpellings = ({ filter, act }: Pick<SearchPlace, 'filter' | 'act'>): boolean =>
  act === null && filter.partnerId === null

/** Returns the next `limit` candidates, newest first; fewer at the end. They include every match. */
export type ReadWindow = (place: SearchPlace, limit: number) => Promise<FoundRegistration[]>

/** Filters matches by values that the filter cannot see, such as sealed metadata. */
export type Choose = (matches: readonly FoundRegistration[]) => Promise<readonly FoundRegistration[]>

/** `lookedBackTo`: creation time of the last of `scanned` registrations, if the search stopped at its limit of rows. */
export interface SearchPage<Item> extends Page<Item> {
  scanned: number
  lookedBackTo?: number
}

export const searchVerbs = {
  lookups: ({ read }) => ({
    /** Returns the id of the registration's partner, or null if there is no such registration. */
    partnerOf: (registrationId: string): Promise<string | null> =>
      read(async tx => {
        const sql = 'SELECT partner_id AS "partnerId" FROM registrations WHERE id = @registrationId'
        const [row] = await tx.all<{ partnerId: string }>(sql, { registrationId })
        return row?.partnerId ?? null
      }),
  }),

  searches: ({ read, queued }: Pick<StoreContext, 'read' | 'queued'>) => {
    const windowOf =
      (parts: Parts): ReadWindow =>
      (place, limit) =>
        read(tx => readWindow(tx, place, limit, parts))
    const window = windowOf(WHOLE)

    return {
      /** Over all partners, newest first. A page scans at most `SEARCHED_AT_ONCE` registrations. `reader`: a token's id. */
      searchRegistrations: (
        query: SearchQuery,
        reader = 'searchRegistrations',
      ): Promise<SearchPage<FoundRegistration>> =>
        queued(reader, () => search(window, query, { among: SEARCHED_AT_ONCE, limit: query.limit })),

      /**
       * Returns how many registrations a search would find: at most `MAX_MATCHES`, of `COUNTED_AMONG` scanned. A search by
       * error scans the failures that `groupFailures` has.
       */
      countRegistrations: (
        query: Pick<SearchQuery, 'filter' | 'act'>,
        reader = 'countRegistrations',
      ): Promise<BoundedCount & { scanned: number }> =>
        queued(reader, async () => {
          const { idcardid, accountId, error } = query.filter
          const bounds = { among: error === null ? COUNTED_AMONG : GROUPED, limit: MAX_MATCHES }
          const parts = { serial: idcardid !== null || accountId !== null, attempt: error !== null }
          const { found, next, scanned } = await search(windowOf(parts), { ...query, before: null }, bounds)
          return { count: found.length, isCapped: next !== null, scanned }
        }),

      /** Returns the open failures by host and error, from the newest `GROUPED` of them. */
      groupFailures: (reader = 'groupFailures'): Promise<FailureGroups> =>
        queued(reader, async () => {
          const place = { filter: { ...ALL_REGISTRATIONS, failing: true }, act: null, before: null }
          const parts = { serial: false, attempt: true }
          const { found, next } = await search(windowOf(parts), place, { among: GROUPED, limit: GROUPED })
          return { groups: groupsOf(found), isCapped: next !== null }
        }),

      /** Returns the exact number of registrations that match `exhaustedIn`; `partnerId` null: of all partners. */
      countExhausted: (partnerId: string | null, span: ExhaustedSpan): Promise<number> =>
        queued(partnerId ?? 'countExhausted', async () => {
          const place = exhaustedIn(partnerId, span)
          const bare = windowOf({ serial: false, attempt: false })
          let count = 0
          for (let before: string | null = null; ; await yieldToLoop()) {
            const { found, next } = await search(bare, { ...place, before }, { among: WINDOW, limit: WINDOW })
            count += found.length
            if (next === null) return count
            before = next
          }
        }),
    }
  },
} satisfies VerbModule

/** Returns a page of a partner's registrations, newest first. */
export const pageOfPartner = (
  window: ReadWindow,
  partnerId: string,
  { limit, before, ...named }: Omit<RegistrationQuery, 'metadata'>,
  choose?: Choose,
): Promise<SearchPage<FoundRegistration>> => {
  const place = { filter: { ...ALL_REGISTRATIONS, partnerId, ...named }, act: null, before }
  return search(window, place, { among: SEARCHED_AT_ONCE, limit, choose })
}

/** Registrations read by one statement; other reads run in between. */
const WINDOW = 1_000

/** Reads up to `among` registrations, until `limit` matches are found. `next`: where more may follow. */
const search = async (
  window: ReadWindow,
  { filter, act, before }: SearchPlace,
  { among, limit, choose }: { among: number; limit: number; choose?: Choose | undefined },
): Promise<SearchPage<FoundRegistration>> => {
  const found: FoundRegistration[] = []
  let end = before
  let left = among
  for (let size = Math.min(limit + 1, WINDOW, left); ; size = Math.min(WINDOW, left)) {
    const rows = await window({ filter, act, before: end }, size)
    const wanted = findsSpellings({ filter, act }) ? { ...filter, idcardid: null } : filter
    const matches = rows.filter(row => isMatch(row, wanted, act))
    found.push(...(choose ? await choose(matches) : matches))
    left -= rows.length
    const scanned = among - left
    if (found.length > limit) return { found: found.slice(0, limit), next: found[limit - 1]?.id ?? end, scanned }
    if (rows.length < size) return { found, next: null, scanned }
    const last = rows.at(-1)
    end = last?.id ?? end
    if (left === 0) return { found, next: end, scanned, ...(last ? { lookedBackTo: last.createdAt } : {}) }
    await yieldToLoop()
  }
}

/**
 * What is read of a registration and its message besides: the serial with its account, which are empty otherwise, and
 * the last attempt. Each is a lookup per row.
 */
interface Parts {
  serial: boolean
  attempt: boolean
}
const WHOLE: Parts = { serial: true, attempt: true }

export const readWindow = async (
  tx: Tx,
  place: SearchPlace,
  limit: number,
  parts = WHOLE,
): Promise<FoundRegistration[]> => {
  const { idcardid, partnerId, host } = place.filter
  // Messages for other hosts cannot match, so they are not looked up.
  const urls = host === null ? '%' : `%${host}%`
  const sql = factsOf(sourceOf(place, tx.dialect), parts, tx.dialect)
  const values = { ...idRangeOf(place), limit, idcardid, key: idcardid && serialKey(idcardid), partnerId, urls }
  return (await tx.all<FoundRow>(sql, values)).map(toFound)
}

export const findRegistration = async (tx: Tx, id: string): Promise<FoundRegistration | undefined> =>
  (await tx.all<FoundRow>(FIND, { id, urls: '%' })).map(toFound)[0]

const newest = (id: string) => `${id} < @before AND ${id} >= @from ORDER BY ${id} DESC LIMIT @limit`

/** The registrations with the selected ids. */
const withIds = (ids: string, { joinByLookup }: Dialect): string =>
  `(${ids}) AS s ${joinByLookup('registrations r', 'r.id = s.id')}`

/**
 * The newest candidates from a place on, as rows of `registrations`, by the index with the fewest other rows and in its
 * order, so that the cost does not grow with the table. Every match is included; the caller filters out the rest.
 */
const sourceOf = (place: SearchPlace, dialect: Dialect): string => {
  const { idcardid, partnerId, delivery, failing, error } = place.filter
  if (idcardid !== null)
    return `(SELECT r.* FROM verifications v ${dialect.joinByLookup('registrations r', 'r.verification_id = v.id')}
      WHERE ${findsSpellings(place) ? `v.id IN (${SPELLINGS})` : 'v.idcardid = @idcardid'} AND ${newest('r.id')}) AS r`
  if (partnerId !== null) return withIds(sourceOfPartner(place), dialect)
  const undelivered =
    delivery === 'exhausted'
      ? "state = 'exhausted'"
      : (failing || error !== null) && "(state = 'exhausted' OR attempts > 0)"
  if (!undelivered) return `(SELECT * FROM registrations WHERE ${newest('id')}) AS r`
  const ids = `SELECT registration_id AS id FROM deliveries WHERE ${undelivered} AND ${newest('registration_id')}`
  return withIds(ids, dialect)
}

/** The serial, the one that equals its key, and the first of any number of others that share the key. */
const SPELLINGS = `
  SELECT id FROM verifications WHERE idcardid IN (@idcardid, @key)
  UNION SELECT id FROM (SELECT id FROM verifications WHERE serial_key = @key LIMIT 10) AS others`

/** Uses indexes that begin with the partner: by ids alone, a partner without registrations costs a full scan. */
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

/** States of undelivered messages that cover all matches; empty if other registrations may match too. */
const statesOf = ({ filter: { delivery, failing, error } }: SearchPlace): MessageState[] => {
  if (delivery === 'delivered') return []
  if (delivery !== null) return [delivery === 'held' ? 'pending' : delivery]
  return failing || error !== null ? ['pending', 'exhausted'] : []
}

/** Statuses of matches outside `statesOf`; empty: none. A filter for delivered messages excludes `pending`. */
const statusesOf = (place: SearchPlace): RegistrationStatus[] => {
  const { status, delivery } = place.filter
  if (statesOf(place).length > 0) return []
  if (status !== null) return [status]
  return REGISTRATION_STATUSES.filter(one => delivery === null || one !== 'pending')
}

/** Sorts after every id. */
export const END = '~'
/** Tolerance for times read from ids: a row may be written after its id is made, and clocks may be set. */
const ID_SLACK_MS = HOUR
/** Length of the time at the start of a ULID, in characters. ULIDs are compared as text. */
const TIME_LENGTH = 10

const idOfTime = (ms: number): string => `reg_${encodeTime(Math.max(0, ms), TIME_LENGTH)}`

/** Range of ids that covers all matches, `before` exclusive. A message is created after its registration. */
const idRangeOf = ({ filter, before }: SearchPlace): { from: string; before: string } => {
  const until = filter.until ?? filter.messageUntil
  const end = until === null ? END : `${idOfTime(until + ID_SLACK_MS)}${END}`
  return {
    before: before === null || before > end ? end : before,
    from: filter.since === null ? '' : idOfTime(filter.since - ID_SLACK_MS),
  }
}

type Message = NonNullable<FoundRegistration['message']>

/** A registration with its message and the message's last attempt; null in the columns of a missing one. */
interface FoundRow
  extends Omit<FoundRegistration, 'message'>,
    Omit<Message, 'state' | 'createdAt' | 'lastAttempt'>,
    Omit<NonNullable<Message['lastAttempt']>, 'at'> {
  state: MessageState | null
  messageAt: number
  attemptAt: number | null
}

const OWN = ['id', 'partnerId', 'callbackUrl', 'status', 'reason', 'createdAt', 'resolvedAt'] as const

const factsOf = (source: string, { serial, attempt }: Parts, { joinByLookup }: Dialect): string => `
  SELECT ${columnsOf('registrations', OWN, 'r')},
    ${serial ? columnsOf('verifications', ['accountId', 'idcardid'], 'v') : `'' AS "accountId", '' AS idcardid`},
    CASE WHEN b.seq IS NOT NULL THEN coalesce(d.state, 'delivered') END AS state,
    coalesce(d.claims, b.claims) AS claims, coalesce(d.attempts, b.attempts) AS attempts, b.created_at AS "messageAt",
    ${columnsOf('deliveries', ['dueAt', 'claimedAt'], 'd')},
    ${attempt ? `a.at AS "attemptAt", ${columnsOf('attempts', ['n', 'durationMs', 'outcome', 'httpStatus', 'error'], 'a')}` : 'NULL AS "attemptAt"'}
  FROM ${source} ${serial ? joinByLookup('verifications v', 'v.id = r.verification_id') : ''}
    ${joinByLookup('message_bodies b', 'b.seq = r.message_seq AND r.callback_url LIKE @urls', 'or none')} ${joinByLookup('deliveries d', 'd.seq = b.seq', 'or none')}
    ${attempt ? joinByLookup('attempts a', 'a.message_seq = b.seq AND a.n = (SELECT max(n) FROM attempts WHERE message_seq = b.seq)', 'or none') : ''}
  ORDER BY r.id DESC`

const FIND: Sql = d => factsOf('(SELECT * FROM registrations WHERE id = @id) AS r', WHOLE, d)

const toFound = (row: FoundRow): FoundRegistration => {
  const { id, partnerId, accountId, idcardid, callbackUrl, status, reason, createdAt, resolvedAt } = row
  const { state, claims, attempts, messageAt, dueAt, claimedAt } = row
  const { n, attemptAt, durationMs, outcome, httpStatus, error } = row
  const lastAttempt = attemptAt === null ? null : { n, at: attemptAt, durationMs, outcome, httpStatus, error }
  const message = state && { state, claims, attempts, createdAt: messageAt, dueAt, claimedAt, lastAttempt }
  return { id, partnerId, accountId, idcardid, callbackUrl, status, reason, createdAt, resolvedAt, message }
}
