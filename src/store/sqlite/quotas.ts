import { encodeTime } from 'ulid'
import { DAY, SECOND } from '../../core/duration.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { Quotas, Usage } from '../store.ts'
import type { Context } from './context.ts'

/** What a partner had when it was counted, of the registrations up to `lastId`. */
interface Count {
  at: number
  lastId: string
  pending: number
  daily: number
}

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaBook {
  /** Null: the partner has no quotas, which costs one look at its row. */
  of(partnerId: string): { limits: Quotas; usage: Usage } | null
  /** The partner has one more registration; `pending` is 0 where it was told its verdict at once. */
  add(partnerId: string, more: { pending: 0 | 1 }): void
}

/**
 * Counting takes longer the more there is, so a count of the older registrations is kept for this long. The newest are
 * counted each time: an id tells when it was made, and it is written within `NEW_MS` of that.
 */
const KEPT_MS = SECOND
const NEW_MS = 5 * SECOND
const LAST_ID = 'reg_~'

/** Every registration that was made before then has a lower id. */
const idAt = (time: number): string => `reg_${encodeTime(Math.max(0, time), 10)}`

export const createQuotas = ({ client }: Pick<Context, 'client'>) => {
  const loadLimits = client.prepare<[partnerId: string], Quotas>(
    'SELECT max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners WHERE id = ?',
  )
  const countIds = client
    .prepare<[partnerId: string, status: string, after: string, upTo: string], number>(
      'SELECT count(*) FROM registrations WHERE partner_id = ? AND status = ? AND id > ? AND id <= ?',
    )
    .pluck()
  const countHosts = client
    .prepare<[partnerId: string], number>('SELECT count(*) FROM lanes WHERE partner_id = ?')
    .pluck()
  /** At most `KEPT_MS` old, and made anew from the tables. */
  const counts = new Map<string, Count>()

  const countPending = (partnerId: string, after: string, upTo: string): number =>
    countIds.get(partnerId, 'pending', after, upTo) ?? 0
  const countAll = (partnerId: string, after: string, upTo: string): number =>
    REGISTRATION_STATUSES.reduce((sum, status) => sum + (countIds.get(partnerId, status, after, upTo) ?? 0), 0)

  const countOlder = (partnerId: string, at: number): Count => {
    const known = counts.get(partnerId)
    if (known && Math.abs(at - known.at) < KEPT_MS) return known
    const lastId = idAt(at - NEW_MS)
    const pending = countPending(partnerId, '', lastId)
    const count = { at, lastId, pending, daily: countAll(partnerId, idAt(at - DAY), lastId) }
    counts.set(partnerId, count)
    return count
  }

  const usageOf = (partnerId: string, at: number): Usage => {
    const { pending, daily, lastId } = countOlder(partnerId, at)
    return {
      pending: pending + countPending(partnerId, lastId, LAST_ID),
      daily: daily + countAll(partnerId, lastId, LAST_ID),
      hosts: countHosts.get(partnerId) ?? 0,
    }
  }

  return {
    usageOf,

    begin: (at: number): QuotaBook => {
      const quotas = new Map<string, { limits: Quotas; usage: Usage } | null>()
      const load = (partnerId: string) => {
        const limits = loadLimits.get(partnerId)
        const isLimited = limits !== undefined && Object.values(limits).some(limit => limit !== null)
        return isLimited ? { limits, usage: usageOf(partnerId, at) } : null
      }
      return {
        of: partnerId => {
          const known = quotas.get(partnerId)
          if (known === undefined) quotas.set(partnerId, load(partnerId))
          return quotas.get(partnerId) ?? null
        },
        add: (partnerId, more) => {
          const known = quotas.get(partnerId)
          if (!known) return
          const { limits, usage } = known
          const { pending, daily } = usage
          // Lanes are added in this run too, so the hosts are counted.
          const hosts = limits.hosts === null ? usage.hosts : (countHosts.get(partnerId) ?? 0)
          quotas.set(partnerId, { limits, usage: { pending: pending + more.pending, daily: daily + 1, hosts } })
        },
      }
    },
  }
}
