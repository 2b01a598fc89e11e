import { isProbed } from '../../core/account.ts'
import { forecastPoll, type PollForecast, type QueueDepth } from '../rules/poll-forecast.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { prepareVerifications } from './verification-statements.ts'

/** Beyond this many of a partner's it is only said that it takes long. */
const MOST_COUNTED = 10_000

interface Place {
  id: number
  accountId: string
  partnerId: string
  queue: number
  dueAt: number
}

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Context) => {
  const { client } = context
  const { heads } = prepareVerifications(client)
  const accounts = createAccountRows(context)
  /** How many of a queue stand before (`dueAt`, `id`). */
  const count = client
    .prepare<
      { accountId: string; partnerId: string; queue: number; dueAt: number; id: number; limit: number },
      number
    >(`
      SELECT count(*) FROM (
        SELECT 1 FROM verifications
        WHERE account_id = @accountId AND partner_id = @partnerId AND queue = @queue AND due_at IS NOT NULL
          AND due_at <= +@dueAt AND (due_at, id) < (+@dueAt, +@id)
        LIMIT +@limit)`)
    .pluck()

  const depthsOf = (place: Place, queues: readonly number[], at: number): QueueDepth[] => {
    let limit = MOST_COUNTED
    return queues.map(queue => {
      const standingBefore = (end: { dueAt: number; id: number }) => count.get({ ...place, queue, ...end, limit }) ?? 0
      const depth = { queue, due: standingBefore({ dueAt: at + 1, id: 0 }), earlier: standingBefore(place) }
      limit -= depth.due
      return depth
    })
  }

  /** Null: its account is not asked now. */
  return (place: Place, at: number): PollForecast | null => {
    const account = accounts.find(place.accountId)
    if (!account || isProbed(account)) return null
    const due = heads.all(place).filter(({ dueAt }) => dueAt <= at)
    const queues = due.filter(({ partnerId }) => partnerId === place.partnerId).map(({ queue }) => queue)
    const partners = new Set(due.map(({ partnerId }) => partnerId)).size
    return forecastPoll({ queue: place.queue, depths: depthsOf(place, queues, at), account, partners }, at)
  }
}
