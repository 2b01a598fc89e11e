import { HOUR } from '../../core/duration.ts'
import type { MessageState } from '../../core/message.ts'
import { type Account, accountFor, accountOfRow } from '../accounts/rows.ts'
import { worstCallbacks } from '../callbacks/callbacks.ts'
import type { CallbackTrouble } from '../callbacks/health.ts'
import { IS_HELD } from '../callbacks/rows.ts'
import type { VerbModule } from '../context.ts'
import { newestOf } from '../messages/events.ts'
import type { Tx } from '../tx.ts'
import { forecastAt, type PollForecast } from '../verifications/forecast.ts'
import { NEW } from '../verifications/poll-queues.ts'

/** The state of the service as its partner sees it. */
export interface PartnerStatus {
  /** The named account, or the one for serials that name none; null: there is none that it may use. */
  account: Account | null
  /** Forecast for a serial registered now; null: the account is not polled. */
  queue: PollForecast | null
  /** Counts of the newest messages since then, at most `MAX_MESSAGES`, without held ones. */
  messages: { since: number } & Record<MessageState, number>
  /** Its URLs that fail or are held, longest first, at most `MAX_TROUBLES`. */
  callbacks: readonly CallbackTrouble[]
}

/** Bounds of the messages in a status: number and age. */
const MAX_MESSAGES = 1_000
const STATUS_MS = HOUR

/** A serial registered now comes after all others. */
const LAST_ID = Number.MAX_SAFE_INTEGER

/** Costs a few index reads, at any number of rows. */
export const statusVerbs = {
  lists: ({ read, queued, defaultRate }) => ({
    /** @param idOrApiId the account, as in `accountFor` */
    statusOf: (partnerId: string, idOrApiId: string | null): Promise<PartnerStatus> =>
      queued(partnerId, () =>
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
      ),
  }),
} satisfies VerbModule

/** One lookup per message: a join with their deliveries may read the whole table. */
const COUNT_NEWEST = `
  SELECT state, count(*) AS count
  FROM (
    SELECT newest.created_at,
      (SELECT m.state FROM messages m WHERE m.seq = newest.seq AND NOT (${IS_HELD})) AS state
    FROM (SELECT seq, created_at FROM message_bodies WHERE ${newestOf('@partnerId')} LIMIT ${MAX_MESSAGES}) AS newest
  ) AS known
  WHERE created_at >= @since AND state IS NOT NULL GROUP BY state`

/** Counts the newest messages since then, by state. */
const countNewest = async (
  tx: Tx,
  partnerId: string,
  since: number,
): Promise<Partial<Record<MessageState, number>>> => {
  const rows = await tx.all<{ state: MessageState; count: number }>(COUNT_NEWEST, { partnerId, since })
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
