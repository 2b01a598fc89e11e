import { countedHours } from '../registrations/register.ts'
import { loadCounts } from '../stats/counts.ts'
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

/** What these partners have now. */
const usagesOf = async (tx: Tx, partnerIds: readonly string[]): Promise<Map<string, Usage>> => {
  if (partnerIds.length === 0) return new Map()
  const { first, last } = countedHours(tx.at)
  const hours = Array.from({ length: last - first + 1 }, (_, i) => first + i)
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

export const usageOf = async (tx: Tx, partnerId: string): Promise<Usage> =>
  (await usagesOf(tx, [partnerId])).get(partnerId) as Usage
