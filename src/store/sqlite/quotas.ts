import { encodeTime } from 'ulid'
import { DAY, SECOND } from '../../core/duration.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { Quotas, Usage } from '../store.ts'
import type { Context } from './context.ts'

/** What a partner had when it was counted, and the newest registration then. */
interface Count {
  at: number
  pending: number
  daily: number
  newestId: string
}

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaBook {
  /** Null: the partner has no quotas, which costs one look at its row. */
  of(partnerId: string): { limits: Quotas; usage: Usage } | null
  /** The partner has one more registration; `pending` is 0 where it was told its verdict at once. */
  add(partnerId: string, more: { pending: 0 | 1 }): void
}

/** Counting takes longer the more there is, so a count is kept for this long; only what is newer is counted anew. */
const KEPT_MS = SECOND

export const createQuotas = ({ client }: Pick<Context, 'client'>) => {
  const loadLimits = client.prepare<[partnerId: string], Quotas>(
    'SELECT max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners WHERE id = ?',
  )
  const countAfter = client
    .prepare<[partnerId: string, status: string, id: string], number>(
      'SELECT count(*) FROM registrations WHERE partner_id = ? AND status = ? AND id > ?',
    )
    .pluck()
  const newestOf = client
    .prepare<[partnerId: string, status: string], string | null>(
      'SELECT max(id) FROM registrations WHERE partner_id = ? AND status = ?',
    )
    .pluck()
  const countHosts = client
    .prepare<[partnerId: string], number>('SELECT count(*) FROM lanes WHERE partner_id = ?')
    .pluck()
  /** A cache: whoever finds nothing here, or what a transaction undid, counts again. */
  const counts = new Map<string, Count>()

  const countAllAfter = (partnerId: string, id: string): number =>
    REGISTRATION_STATUSES.reduce((sum, status) => sum + (countAfter.get(partnerId, status, id) ?? 0), 0)

  const count = (partnerId: string, at: number): Count => {
    const newest = REGISTRATION_STATUSES.map(status => newestOf.get(partnerId, status) ?? '')
    return {
      at,
      pending: countAfter.get(partnerId, 'pending', '') ?? 0,
      daily: countAllAfter(partnerId, `reg_${encodeTime(Math.max(0, at - DAY), 10)}`),
      newestId: newest.toSorted().at(-1) ?? '',
    }
  }

  const usageOf = (partnerId: string, at: number): Usage => {
    const known = counts.get(partnerId)
    const isFresh = known !== undefined && Math.abs(at - known.at) < KEPT_MS
    const base = isFresh ? known : count(partnerId, at)
    counts.set(partnerId, base)
    const more = isFresh ? countAllAfter(partnerId, base.newestId) : 0
    return { pending: base.pending + more, daily: base.daily + more, hosts: countHosts.get(partnerId) ?? 0 }
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
