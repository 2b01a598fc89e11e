import type { MessageState } from '../../core/message.ts'
import { viewAccount } from '../account.ts'
import { MOST_MESSAGES, STATUS_MS } from '../partner.ts'
import { NEW } from '../rules/poll-queues.ts'
import type { Store } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import { createTroubles } from './callbacks.ts'
import type { Context } from './context.ts'
import { createPollPlaces } from './poll-places.ts'

/** What a partner may know of how it is going: a few index reads, however much there is. */
export const createPartnerStatus = (context: Context): Pick<Store, 'statusOf'> => {
  const { client, read, now, defaultRate } = context
  const accounts = createAccountRows(context)
  const { worst } = createTroubles(context)
  const forecastOf = createPollPlaces(context)
  const countNewest = client.prepare<[partnerId: string, limit: number, since: number], MessageCount>(`
    SELECT state, count(*) AS count
    FROM (SELECT state, created_at FROM messages WHERE partner_id = +? ORDER BY event DESC LIMIT +?)
    WHERE created_at >= ? GROUP BY state`)

  return {
    statusOf: (partnerId, idOrApiId) =>
      read(() => {
        const at = now()
        const row = accounts.choose(partnerId, idOrApiId)
        const counted = countNewest.all(partnerId, MOST_MESSAGES, at - STATUS_MS)
        const counts = Object.fromEntries(counted.map(({ state, count }) => [state, count]))
        return {
          account: row && viewAccount(row, defaultRate),
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
