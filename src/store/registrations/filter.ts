import { hostOf } from '../../core/callback-url.ts'
import { type MessageState, toldOf } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import type { Attempt } from '../messages/message.ts'

/** Which registrations an operator means; null: that does not matter. Times are epoch ms. */
export interface RegistrationFilter {
  partnerId: string | null
  idcardid: string | null
  accountId: string | null
  status: RegistrationStatus | null
  reason: Reason | null
  /** Has a webhook in this state. */
  delivery: MessageState | null
  /** Of the callback URL, with its port where it names one. */
  host: string | null
  /** Why the last attempt of an open failure failed: `attemptError`. */
  error: string | null
  /** Only open failures: a webhook that has failed, has not arrived since, and was not cancelled. */
  failing: boolean
  /** Created then or later. */
  since: number | null
  /** Created then or earlier. */
  until: number | null
  /** Has a webhook that was created then or later. */
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

/** A registration as operators find it. Nothing of it is sealed. */
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
  /** Null: it has none. */
  message: {
    state: MessageState
    /** So often it was claimed, or a claim was made void. The attempt of a claim has this number. */
    claims: number
    attempts: number
    createdAt: number
    dueAt: number | null
    claimedAt: number | null
    lastAttempt: (Pick<Attempt, 'at' | 'durationMs' | 'outcome' | 'httpStatus' | 'error'> & { n: number }) | null
  } | null
}

/** What operators do to many registrations at once. */
export const BULK_ACTS = ['resend', 'cancel', 'poll'] as const
export type BulkActName = (typeof BULK_ACTS)[number]

export interface SearchQuery {
  filter: RegistrationFilter
  /** Only those to which this can be done; null: all. */
  act: BulkActName | null
  limit: number
  /** From before this registration. */
  before: string | null
}

/** `isCapped`: there may be more than `count`. */
export interface BoundedCount {
  count: number
  isCapped: boolean
}

/** Open failures of one host that have failed in the same way. */
export interface FailureGroup {
  host: string
  error: string
  count: number
  pending: number
  exhausted: number
  partners: number
  /** The newest one's. */
  partnerId: string
  /** When the oldest and the newest of their webhooks were created. */
  oldestAt: number
  newestAt: number
}

/** The largest first. `isCapped`: only the newest open failures were looked at. */
export interface FailureGroups {
  groups: FailureGroup[]
  isCapped: boolean
}

/** So many registrations a page looks at, and so many a count. */
export const SEARCHED_AT_ONCE = 5_000
export const COUNTED_AMONG = 100_000
export const MOST_MATCHES = 10_000
/** Of so many open failures, the newest, groups are made. */
export const GROUPED = 10_000

/** How an attempt failed, as `no_response` or `http_503`; null: it did not. */
export const attemptError = ({ outcome, httpStatus, error }: Pick<Attempt, 'outcome' | 'httpStatus' | 'error'>) => {
  if (outcome === 'delivered') return null
  return httpStatus === null ? (error ?? 'failed') : `http_${httpStatus}`
}

/** Its webhook has failed, has not arrived since, and was not cancelled. */
const isOpenFailure = ({ status, message }: Pick<FoundRegistration, 'status' | 'message'>): boolean =>
  status !== 'cancelled' && message !== null && message.state !== 'delivered' && message.attempts > 0

export const errorOf = (found: Pick<FoundRegistration, 'status' | 'message'>): string | null =>
  isOpenFailure(found) && found.message?.lastAttempt ? attemptError(found.message.lastAttempt) : null

/** Whether it is one that the filter means. Lists, counts, previews and acts ask nothing else. */
const isMeant = (found: FoundRegistration, filter: RegistrationFilter): boolean =>
  (filter.partnerId === null || found.partnerId === filter.partnerId) &&
  (filter.idcardid === null || found.idcardid === filter.idcardid) &&
  (filter.accountId === null || found.accountId === filter.accountId) &&
  (filter.status === null || found.status === filter.status) &&
  (filter.reason === null || found.reason === filter.reason) &&
  (filter.delivery === null || found.message?.state === filter.delivery) &&
  (filter.host === null || hostOf(found.callbackUrl) === filter.host) &&
  (filter.since === null || found.createdAt >= filter.since) &&
  (filter.until === null || found.createdAt <= filter.until) &&
  (filter.messageSince === null || (found.message !== null && found.message.createdAt >= filter.messageSince)) &&
  (filter.messageUntil === null || (found.message !== null && found.message.createdAt <= filter.messageUntil)) &&
  (!filter.failing || isOpenFailure(found)) &&
  (filter.error === null || filter.error === errorOf(found) || filter.error === toldOf(errorOf(found) ?? ''))

/** Whether the act can be done to it. */
const allowsAct = ({ status, message }: FoundRegistration, act: BulkActName): boolean => {
  switch (act) {
    case 'resend':
      return status !== 'cancelled' && message !== null
    case 'cancel':
      return status !== 'cancelled'
    case 'poll':
      return status === 'pending'
    default:
      throw act satisfies never
  }
}

export const isWanted = (found: FoundRegistration, filter: RegistrationFilter, act: BulkActName | null): boolean =>
  isMeant(found, filter) && (act === null || allowsAct(found, act))

/** The largest first. */
export const groupsOf = (found: readonly FoundRegistration[]): FailureGroup[] => {
  const groups = new Map<string, FailureGroup & { ids: Set<string> }>()
  for (const one of found) {
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
