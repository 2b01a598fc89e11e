import { hostOf } from '../../core/callback-url.ts'
import { type ListedState, type MessageState, publicErrorOf } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import type { Attempt } from '../messages/message.ts'

/** An operator's filter of registrations; null in a field: any. Times are epoch ms. */
export interface RegistrationFilter {
  partnerId: string | null
  idcardid: string | null
  accountId: string | null
  status: RegistrationStatus | null
  reason: Reason | null
  /** State of its message. */
  delivery: ListedState | null
  /** Host of the callback URL, with the port if the URL names one. */
  host: string | null
  /** Error of the last attempt of an open failure, as of `attemptError` or only the code that partners see. */
  error: string | null
  /** Open failures only: a message that has failed, is not delivered since, and is not cancelled. */
  failing: boolean
  /** Created at this time or later. */
  since: number | null
  /** Created at this time or earlier. */
  until: number | null
  /** Message created at this time or later; `messageUntil`: or earlier. */
  messageSince: number | null
  messageUntil: number | null
}

export const ALL_REGISTRATIONS: RegistrationFilter = {
  partnerId: null,
  idcardid: null,
  accountId: null,
  status: null,
  reason: null,
  delivery: null,
  host: null,
  error: null,
  failing: false,
  since: null,
  until: null,
  messageSince: null,
  messageUntil: null,
}

/** A registration as operators find it, without sealed values. */
export interface FoundRegistration {
  id: string
  partnerId: string
  accountId: string
  idcardid: string
  callbackUrl: string
  status: RegistrationStatus
  reason: Reason | null
  createdAt: number
  resolvedAt: number | null
  /** Null: no message. */
  message: {
    state: MessageState
    /** Number of claims; voiding a claim raises it too. An attempt has the number of its claim. */
    claims: number
    attempts: number
    createdAt: number
    dueAt: number | null
    claimedAt: number | null
    lastAttempt: (Pick<Attempt, 'at' | 'durationMs' | 'outcome' | 'httpStatus' | 'error'> & { n: number }) | null
  } | null
}

/** Acts of operators on many registrations at once. */
export const BULK_ACTS = ['resend', 'cancel', 'poll'] as const
export type BulkActName = (typeof BULK_ACTS)[number]

export interface SearchQuery {
  filter: RegistrationFilter
  /** Only registrations that allow this act; null: all. */
  act: BulkActName | null
  limit: number
  /** Begins behind this registration. */
  before: string | null
}

/** A partner's list of its registrations. */
export interface RegistrationQuery
  extends Pick<RegistrationFilter, 'idcardid' | 'status' | 'delivery'>,
    Partial<Pick<RegistrationFilter, 'host' | 'since' | 'until'>> {
  /** Value of a metadata key; null: of any. Sealed and not indexed: each match of the other fields is decrypted to test it. */
  metadata?: { key: string | null; value: string } | null
  limit: number
  before: string | null
}

/** `isCapped`: the true count may be higher. */
export interface BoundedCount {
  count: number
  isCapped: boolean
}

/** Open failures of one host with the same error. */
export interface FailureGroup {
  host: string
  error: string
  count: number
  pending: number
  exhausted: number
  partners: number
  /** Of the newest failure. */
  partnerId: string
  /** Creation times of the oldest and the newest message. */
  oldestAt: number
  newestAt: number
}

/** Largest group first. `isCapped`: older open failures are not included. */
export interface FailureGroups {
  groups: FailureGroup[]
  isCapped: boolean
}

/** Maximum number of registrations read for a page, read for a count, and counted. */
export const SEARCHED_AT_ONCE = 5_000
export const COUNTED_AMONG = 20_000
export const MAX_MATCHES = 10_000
/** Maximum number of open failures to group, newest first. */
export const GROUPED = 10_000

/** Returns the error of an attempt, such as `no_response` or `http_503`, or null if it delivered. */
export const attemptError = ({ outcome, httpStatus, error }: Pick<Attempt, 'outcome' | 'httpStatus' | 'error'>) => {
  if (outcome === 'delivered') return null
  return httpStatus === null ? (error ?? 'failed') : `http_${httpStatus}`
}

/** Its message has failed, is not delivered since, and is not cancelled. */
const isOpenFailure = ({ status, message }: Pick<FoundRegistration, 'status' | 'message'>): boolean =>
  status !== 'cancelled' && message !== null && message.state !== 'delivered' && message.attempts > 0

export const errorOf = (row: Pick<FoundRegistration, 'status' | 'message'>): string | null =>
  isOpenFailure(row) && row.message?.lastAttempt ? attemptError(row.message.lastAttempt) : null

/** Whether the filter matches. Lists, counts, previews and acts use only this test. */
const matchesFilter = (row: FoundRegistration, filter: RegistrationFilter): boolean =>
  (filter.partnerId === null || row.partnerId === filter.partnerId) &&
  (filter.idcardid === null || row.idcardid === filter.idcardid) &&
  (filter.accountId === null || row.accountId === filter.accountId) &&
  (filter.status === null || row.status === filter.status) &&
  (filter.reason === null || row.reason === filter.reason) &&
  (filter.delivery === null ||
    (filter.delivery === 'held'
      ? row.message?.state === 'pending' && row.message.dueAt === null
      : row.message?.state === filter.delivery)) &&
  (filter.host === null || hostOf(row.callbackUrl) === filter.host) &&
  (filter.since === null || row.createdAt >= filter.since) &&
  (filter.until === null || row.createdAt <= filter.until) &&
  (filter.messageSince === null || (row.message !== null && row.message.createdAt >= filter.messageSince)) &&
  (filter.messageUntil === null || (row.message !== null && row.message.createdAt <= filter.messageUntil)) &&
  (!filter.failing || isOpenFailure(row)) &&
  (filter.error === null || filter.error === errorOf(row) || filter.error === publicErrorOf(errorOf(row) ?? ''))

/** Whether the registration allows the act. */
const allowsAct = ({ status, message }: FoundRegistration, act: BulkActName): boolean => {
  switch (act) {
    case 'resend':
      return status !== 'cancelled' && message !== null
    case 'cancel':
    case 'poll':
      return status === 'pending'
    default:
      throw act satisfies never
  }
}

export const isMatch = (row: FoundRegistration, filter: RegistrationFilter, act: BulkActName | null): boolean =>
  matchesFilter(row, filter) && (act === null || allowsAct(row, act))

/** Returns the largest group first. */
export const groupsOf = (rows: readonly FoundRegistration[]): FailureGroup[] => {
  const groups = new Map<string, FailureGroup & { ids: Set<string> }>()
  for (const one of rows) {
    const error = errorOf(one)
    if (error === null || one.message === null) continue
    const host = hostOf(one.callbackUrl)
    const { state, createdAt, dueAt } = one.message
    const nothing = { host, error, count: 0, pending: 0, exhausted: 0, partners: 0, partnerId: one.partnerId }
    const group = groups.get(`${host} ${error}`) ?? {
      ...nothing,
      ids: new Set(),
      oldestAt: createdAt,
      newestAt: createdAt,
    }
    groups.set(`${host} ${error}`, group)
    group.count++
    if (state === 'exhausted') group.exhausted++
    else if (dueAt !== null) group.pending++
    group.ids.add(one.partnerId)
    group.oldestAt = Math.min(group.oldestAt, createdAt)
    group.newestAt = Math.max(group.newestAt, createdAt)
  }
  return [...groups.values()]
    .map(({ ids, ...group }) => ({ ...group, partners: ids.size }))
    .sort((a, b) => b.count - a.count || (`${a.host} ${a.error}` < `${b.host} ${b.error}` ? -1 : 1))
}
