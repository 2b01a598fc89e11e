import { HOUR } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'
import { type Account, accountFor, accountOfRow } from '../accounts/rows.ts'
import { worstCallbacks } from '../callbacks/callbacks.ts'
import type { CallbackTrouble } from '../callbacks/health.ts'
import { IS_HELD } from '../callbacks/rows.ts'
import type { StoreContext } from '../context.ts'
import { newestOf } from '../messages/events.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import { forecastAt, type PollForecast } from '../verifications/forecast.ts'
import { NEW } from '../verifications/poll-queues.ts'

/** What a partner can see of how it is going. */
export interface PartnerStatus {
  /** The one that was named, or that its serials are asked with where they name none; null: there is none that it may use. */
  account: Account | null
  /** Of a serial that is registered now; null: the account is not asked. */
  queue: PollForecast | null
  /** Of the newest messages since then, `MOST_MESSAGES` at most, without those that are held. */
  messages: { since: number } & Record<MessageState, number>
  /** Its URLs that fail or are held, the longest first, `MOST_TROUBLES` at most. */
  callbacks: readonly CallbackTrouble[]
}

/** How many messages a status counts, and of which time. */
const MOST_MESSAGES = 1_000
const STATUS_MS = HOUR

/** One that is registered now comes after all others. */
const LAST_ID = Number.MAX_SAFE_INTEGER

/** What a partner may know of how it is going: a few index reads, however much there is. */
export const createPartnerStatus = ({ read, defaultRate }: StoreContext) =>
  ({
    statusOf: (partnerId, idOrApiId) =>
      read(async tx => {
        const { at } = tx
        const row = await accountFor(tx, partnerId, idOrApiId)
        const place = row && { accountId: row.id, partnerId, queue: NEW, dueAt: at, id: LAST_ID }
        const counts = await countNewest(tx, partnerId, at - STATUS_MS)
        return {
          account: row && accountOfRow(row, defaultRate),
          queue: place && (await forecastAt(tx, place, defaultRate)),
          messages: { since: at - STATUS_MS, pending: 0, delivered: 0, exhausted: 0, ...counts },
          callbacks: await worstCallbacks(tx, partnerId),
        }
      }),
  }) satisfies Partial<Store>

/** Each by its number: a join of their deliveries may read all that there are. */
const COUNT_NEWEST = `
  SELECT state, count(*) AS count
  FROM (
    SELECT newest.created_at,
      (SELECT m.state FROM messages m WHERE m.seq = newest.seq AND NOT (${IS_HELD})) AS state
    FROM (SELECT seq, created_at FROM message_bodies WHERE ${newestOf('@partnerId')} LIMIT ${MOST_MESSAGES}) AS newest
  ) AS known
  WHERE created_at >= @since AND state IS NOT NULL GROUP BY state`

/** Of the newest messages since then. */
const countNewest = async (
  tx: Tx,
  partnerId: string,
  since: number,
): Promise<Partial<Record<MessageState, number>>> => {
  const rows = await tx.all<{ state: MessageState; count: number }>(COUNT_NEWEST, { partnerId, since })
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
