import { toldOf } from '../../core/message.ts'
import { deliveryWithoutMessage } from '../../core/registration.ts'
import { hostOf } from '../lanes.ts'
import type { Attempt } from '../registration.ts'
import type { BulkActName, FailureGroup, FoundRegistration, RegistrationFilter } from '../registration-search.ts'

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
  (filter.delivery === null || (found.message?.state ?? deliveryWithoutMessage(found.status)) === filter.delivery) &&
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
    const { state, createdAt } = one.message
    const nothing = { host, error, count: 0, pending: 0, exhausted: 0, partners: 0, ids: new Set<string>() }
    const group = groups.get(`${host} ${error}`) ?? { ...nothing, oldestAt: createdAt, newestAt: createdAt }
    groups.set(`${host} ${error}`, group)
    group.count++
    group[state === 'exhausted' ? 'exhausted' : 'pending']++
    group.ids.add(one.partnerId)
    group.oldestAt = Math.min(group.oldestAt, createdAt)
    group.newestAt = Math.max(group.newestAt, createdAt)
  }
  return [...groups.values()]
    .map(({ ids, ...group }) => ({ ...group, partners: ids.size }))
    .sort((a, b) => b.count - a.count || (`${a.host} ${a.error}` < `${b.host} ${b.error}` ? -1 : 1))
}
