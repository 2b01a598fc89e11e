import { encodeTime } from 'ulid'
import { DAY, SECOND } from '../../core/duration.ts'
import type { Quotas, Registered } from '../store.ts'
import type { Context } from './context.ts'

interface Usage {
  countedAt: number
  pending: number
  daily: number
}

/** Counting takes longer the more there is, so a count is kept this long, and what is added meanwhile is added to it. */
const KEPT_MS = SECOND
const STATUSES = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled']

/** What partners may have at most. A partner without quotas costs one look at its row. */
export const createQuotas = ({ client }: Context) => {
  const findLimits = client.prepare<[string], Quotas>(
    'SELECT max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners WHERE id = ?',
  )
  const countSince = client
    .prepare<[string, string, string], number>(
      'SELECT count(*) FROM registrations WHERE partner_id = ? AND status = ? AND id > ?',
    )
    .pluck()
  const countHosts = client.prepare<[string], number>('SELECT count(*) FROM lanes WHERE partner_id = ?').pluck()
  const usages = new Map<string, Usage>()

  const usageOf = (partnerId: string, at: number): Usage => {
    const known = usages.get(partnerId)
    if (known && Math.abs(at - known.countedAt) < KEPT_MS) return known
    const yesterday = `reg_${encodeTime(Math.max(0, at - DAY), 10)}`
    const usage = {
      countedAt: at,
      pending: countSince.get(partnerId, 'pending', '') ?? 0,
      daily: STATUSES.reduce((sum, status) => sum + (countSince.get(partnerId, status, yesterday) ?? 0), 0),
    }
    usages.set(partnerId, usage)
    return usage
  }

  return {
    limitsOf: (partnerId: string): Quotas | null => findLimits.get(partnerId) ?? null,

    usageOf: (partnerId: string, at: number) => ({
      pending: usageOf(partnerId, at).pending,
      hosts: countHosts.get(partnerId) ?? 0,
      daily: usageOf(partnerId, at).daily,
    }),

    /** The quota that one more registration would break, or null, and then it is counted. */
    take: (
      partnerId: string,
      { at, isNewHost, limits }: { at: number; isNewHost: boolean; limits: Quotas | null },
    ): Extract<Registered, { outcome: 'over_quota' }> | null => {
      if (!limits) return null
      const over = (quota: keyof Quotas, used: () => number) => {
        const limit = limits[quota]
        return limit !== null && used() >= limit ? ({ outcome: 'over_quota', quota, limit } as const) : null
      }
      const broken =
        over('pending', () => usageOf(partnerId, at).pending) ??
        over('daily', () => usageOf(partnerId, at).daily) ??
        (isNewHost ? over('hosts', () => countHosts.get(partnerId) ?? 0) : null)
      if (broken) return broken
      const usage = usages.get(partnerId)
      if (usage) {
        usage.pending++
        usage.daily++
      }
      return null
    },
  }
}
