import { DAY, HOUR } from '../../core/duration.ts'
import type { VerbModule } from '../context.ts'
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

/** How much of each quota a partner has used. */
export type Usage = { [Quota in keyof Quotas]: number }

interface PartnerQuotas {
  limits: Quotas
  usage: Usage
}

/** Quotas and usage of partners, within one run of a transaction. */
export interface QuotaFacts {
  /** Null: the partner has no quotas. */
  of(partnerId: string): PartnerQuotas | null
  /** Counts one more registration. `pending`: 0 if its verdict is known; `hosts`: 1 if its host is new. */
  add(partnerId: string, more: { pending: 0 | 1; hosts: 0 | 1 }): void
}

const LIMITED = (d: Dialect) => `
  SELECT id, max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners
  WHERE id IN ${d.list('ids', 'text')} AND (max_pending IS NOT NULL OR max_hosts IS NOT NULL OR max_daily IS NOT NULL)`

/** Reads the quotas of these partners. Until the transaction ends, no other one registers for partners with quotas. */
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
      const entry = quotas.get(partnerId)
      if (!entry) return
      const { pending, hosts, daily } = entry.usage
      const usage = { pending: pending + more.pending, hosts: hosts + more.hosts, daily: daily + 1 }
      quotas.set(partnerId, { ...entry, usage })
    },
  }
}

/**
 * Returns the hour of an epoch ms, counted from the epoch. The triggers of `registrations` in both migrations agree:
 * they count new ones as `partner_hour` by `created_at / 3600000`.
 */
export const hourOf = (at: number): number => Math.floor(at / HOUR)

/** Returns the hours that count for the daily quota, which looks back 24 to 25 hours. */
export const countedHours = (at: number): number[] => {
  const first = hourOf(at - DAY)
  return Array.from({ length: hourOf(at) - first + 1 }, (_, i) => first + i)
}

/** Returns the current usage of these partners. */
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

export const quotaVerbs = {
  lookups: ({ read, queued }) => ({
    usageOf: (partnerId: string): Promise<Usage> =>
      queued(partnerId, () => read(async tx => (await usagesOf(tx, [partnerId])).get(partnerId) as Usage)),
  }),
} satisfies VerbModule
