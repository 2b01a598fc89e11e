import { DAY, HOUR } from '../../core/duration.ts'
import type { StoreContext } from '../context.ts'
import { loadCounts } from '../stats/counts.ts'
import type { Store } from '../store.ts'
import type { Dialect, Tx } from '../tx.ts'

/** Null: no limit. */
export interface Quotas {
  /** Registrations that wait for their verdict. */
  pending: number | null
  /** Different callback hosts. */
  hosts: number | null
  /** New registrations in 24 hours. */
  daily: number | null
}

/** What a partner has used of its quotas. */
export type Usage = { [Quota in keyof Quotas]: number }

interface PartnerQuotas {
  limits: Quotas
  usage: Usage
}

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaFacts {
  /** Null: the partner has no quotas. */
  of(partnerId: string): PartnerQuotas | null
  /** The partner has one more registration; `pending` is 0 where it was told its verdict at once, `hosts` 1 where its host is new. */
  add(partnerId: string, more: { pending: 0 | 1; hosts: 0 | 1 }): void
}

const LIMITED = (d: Dialect) => `
  SELECT id, max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners
  WHERE id IN ${d.list('ids', 'text')} AND (max_pending IS NOT NULL OR max_hosts IS NOT NULL OR max_daily IS NOT NULL)`

/** Reads the quotas of these partners. Until the transaction ends nobody else registers anything for those that have some. */
export const loadQuotas = async (tx: Tx, partnerIds: readonly string[]): Promise<QuotaFacts> => {
  const rows = await tx.all<Quotas & { id: string }>(LIMITED, { ids: partnerIds })
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await tx.lock(ids.map(id => `quota ${id}`))
  const usages = await usagesOf(tx, ids)
  const quotas = new Map(
    rows.map(({ id, ...limits }): [string, PartnerQuotas] => [id, { limits, usage: usages.get(id) as Usage }]),
  )
  return {
    of: partnerId => quotas.get(partnerId) ?? null,
    add: (partnerId, more) => {
      const known = quotas.get(partnerId)
      if (!known) return
      const { pending, hosts, daily } = known.usage
      const usage = { pending: pending + more.pending, hosts: hosts + more.hosts, daily: daily + 1 }
      quotas.set(partnerId, { ...known, usage })
    },
  }
}

/**
 * The hour in which an epoch ms lies, counted from the epoch on. The triggers of `registrations` in both migrations have the same:
 * they count new ones as `partner_hour` by `created_at / 3600000`.
 */
export const hourOf = (at: number): number => Math.floor(at / HOUR)

/** Registrations of these hours count for the quota of a day, which looks back by 24 to 25 hours. */
export const countedHours = (at: number): number[] => {
  const first = hourOf(at - DAY)
  return Array.from({ length: hourOf(at) - first + 1 }, (_, i) => first + i)
}

/** What these partners have now. */
const usagesOf = async (tx: Tx, partnerIds: readonly string[]): Promise<Map<string, Usage>> => {
  if (partnerIds.length === 0) return new Map()
  const hours = countedHours(tx.at)
  const hoursOf = (id: string) => hours.map(hour => `${id} ${hour}`)
  const countOf = await loadCounts(
    tx,
    partnerIds.flatMap(id => [id, ...hoursOf(id)]),
  )
  return new Map(
    partnerIds.map(id => [
      id,
      {
        pending: countOf('partner_pending', id),
        hosts: countOf('partner_hosts', id),
        daily: hoursOf(id).reduce((sum, owner) => sum + countOf('partner_hour', owner), 0),
      },
    ]),
  )
}

export const createUsage = ({ read }: Pick<StoreContext, 'read'>) =>
  ({
    usageOf: partnerId => read(async tx => (await usagesOf(tx, [partnerId])).get(partnerId) as Usage),
  }) satisfies Partial<Store>
