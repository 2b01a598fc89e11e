import type { MessageState } from '../../core/message.ts'
import { accountOfRow } from '../account.ts'
import { MOST_MESSAGES, STATUS_MS } from '../partner.ts'
import { NEW } from '../rules/poll-queues.ts'
import { countedHours } from '../rules/register.ts'
import type { Quotas, Store, Usage } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import { createTroubles } from './callbacks.ts'
import type { Context } from './context.ts'
import { createPollPlaces } from './verifications.ts'

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaFacts {
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

    begin: (at: number): QuotaFacts => {
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

/** What a partner may know of how it is going: a few index reads, however much there is. */
export const createPartnerStatus = (context: Context): Pick<Store, 'statusOf' | 'usageOf'> => {
  const { client, read, now, defaultRate } = context
  const accounts = createAccountRows(context)
  const { worst } = createTroubles(context)
  const quotas = createQuotas(context)
  const forecastOf = createPollPlaces(context)
  const countNewest = client.prepare<[partnerId: string, limit: number, since: number], MessageCount>(`
    SELECT state, count(*) AS count
    FROM (SELECT state, created_at FROM messages WHERE partner_id = +? ORDER BY event DESC LIMIT +?)
    WHERE created_at >= ? GROUP BY state`)

  return {
    usageOf: partnerId => read(() => quotas.usageOf(partnerId, now())),

    statusOf: (partnerId, idOrApiId) =>
      read(() => {
        const at = now()
        const row = accounts.choose(partnerId, idOrApiId)
        const counted = countNewest.all(partnerId, MOST_MESSAGES, at - STATUS_MS)
        const counts = Object.fromEntries(counted.map(({ state, count }) => [state, count]))
        return {
          account: row && accountOfRow(row, defaultRate),
          queue: row && forecastOf({ accountId: row.id, partnerId, queue: NEW, dueAt: at, id: LAST_ID }, at),
          messages: { since: at - STATUS_MS, pending: 0, delivered: 0, exhausted: 0, ...counts },
          callbacks: worst(partnerId),
        }
      }),
  }
}

interface MessageCount {
  state: MessageState
  count: number
}

/** One that is registered now comes after all others. */
const LAST_ID = Number.MAX_SAFE_INTEGER
