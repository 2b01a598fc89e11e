import type { MessageState } from '../../core/message.ts'
import { accountOfRow } from '../account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import { newestOf } from '../messages/events.ts'
import { MOST_MESSAGES, STATUS_MS } from '../partner.ts'
import { NEW } from '../rules/poll-queues.ts'
import { countedHours } from '../rules/register.ts'
import type { Quotas, Store, Usage } from '../store.ts'
import { worstCallbacks } from './callbacks.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { loadCounts } from './counts.ts'
import { createPollPlaces } from './verifications.ts'

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

/** Reads the quotas of these partners. Until the transaction ends nobody else registers anything for those that have some. */
export const loadQuotas = async (tx: Tx, partnerIds: readonly string[], at: number): Promise<QuotaFacts> => {
  const rows = await tx.rows<Quotas & { id: string }>(
    `SELECT id, max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners
     WHERE id = ANY($1) AND (max_pending IS NOT NULL OR max_hosts IS NOT NULL OR max_daily IS NOT NULL)`,
    [partnerIds],
  )
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await tx.lock(ids.map(id => `quota ${id}`))
  const usages = await usagesOf(tx, ids, at)
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
const usagesOf = async (tx: Tx, partnerIds: readonly string[], at: number): Promise<Map<string, Usage>> => {
  if (partnerIds.length === 0) return new Map()
  const { first, last } = countedHours(at)
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

export const usageOf = async (tx: Tx, partnerId: string, at: number): Promise<Usage> =>
  (await usagesOf(tx, [partnerId], at)).get(partnerId) as Usage

/** One that is registered now comes after all others. */
const LAST_ID = Number.MAX_SAFE_INTEGER

/** What a partner may know of how it is going: a few index reads, however much there is. */
export const createPartnerStatus = (context: Context): Pick<Store, 'statusOf'> => {
  const { read, defaultRate } = context
  const accounts = createAccountRows(context)
  const forecastOf = createPollPlaces(context)

  return {
    statusOf: (partnerId, idOrApiId) =>
      read(async tx => {
        const { at } = tx
        const row = await accounts.choose(tx, partnerId, idOrApiId)
        const place = row && { accountId: row.id, partnerId, queue: NEW, dueAt: at, id: LAST_ID }
        const counts = await countNewest(tx, partnerId, at - STATUS_MS)
        return {
          account: row && accountOfRow(row, defaultRate),
          queue: place && (await forecastOf(tx, place)),
          messages: { since: at - STATUS_MS, pending: 0, delivered: 0, exhausted: 0, ...counts },
          callbacks: await worstCallbacks(tx, partnerId),
        }
      }),
  }
}

/** A join of their deliveries may read all that there are. */
const COUNT_NEWEST = `
  SELECT m.state, count(*) AS count
  FROM (SELECT seq, created_at FROM message_bodies WHERE ${newestOf('$1')} LIMIT ${MOST_MESSAGES}) AS newest
    CROSS JOIN LATERAL (SELECT state FROM messages WHERE seq = newest.seq LIMIT 1) AS m
  WHERE newest.created_at >= $2 GROUP BY m.state`

/** Of the newest messages since then. */
const countNewest = async (
  tx: Tx,
  partnerId: string,
  since: number,
): Promise<Partial<Record<MessageState, number>>> => {
  const rows = await tx.rows<{ state: MessageState; count: number }>(COUNT_NEWEST, [partnerId, since])
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
