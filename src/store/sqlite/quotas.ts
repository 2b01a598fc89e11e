import { countedHours } from '../rules/register.ts'
import type { Quotas, Usage } from '../store.ts'
import type { Context } from './context.ts'

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaBook {
  /** Null: the partner has no quotas, which costs one look at its row. */
  of(partnerId: string): { limits: Quotas; usage: Usage } | null
  /** The partner has one more registration; `pending` is 0 where it was told its verdict at once. */
  add(partnerId: string, more: { pending: 0 | 1 }): void
}

/** Triggers keep the counts, so each look reads a few rows, however much the partner has. */
export const createQuotas = ({ client }: Pick<Context, 'client'>) => {
  const loadLimits = client.prepare<[partnerId: string], Quotas>(
    'SELECT max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners WHERE id = ?',
  )
  const loadCounts = client.prepare<[partnerId: string], Omit<Usage, 'daily'>>(
    'SELECT pending, hosts FROM partner_counts WHERE partner_id = ?',
  )
  const countDaily = client
    .prepare<{ partnerId: string; first: number; last: number }, number>(
      'SELECT total(registrations) FROM partner_hours WHERE partner_id = @partnerId AND hour BETWEEN @first AND @last',
    )
    .pluck()

  const usageOf = (partnerId: string, at: number): Usage => ({
    pending: 0,
    hosts: 0,
    ...loadCounts.get(partnerId),
    daily: countDaily.get({ partnerId, ...countedHours(at) }) ?? 0,
  })

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
          // Lanes are added in this run too.
          const { hosts } = usageOf(partnerId, at)
          quotas.set(partnerId, { limits, usage: { pending: pending + more.pending, daily: daily + 1, hosts } })
        },
      }
    },
  }
}
