import { isProbed } from '../../core/account.ts'
import { createPartnerCounts, type QueuePlace } from '../poll-places.ts'
import { type DepthQuestion, endOf, forecastPoll, MOST_COUNTED, type PollForecast } from '../rules/poll-forecast.ts'
import { answer } from '../rules/questions.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { prepareVerifications } from './verification-statements.ts'

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Context) => {
  const { client } = context
  const { heads, queuesOf } = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const partners = createPartnerCounts()
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

  const depthOf = (question: DepthQuestion, place: QueuePlace, at: number): number =>
    count.get({ ...place, queue: question.queue, ...endOf(question, place, at), limit: MOST_COUNTED }) ?? 0

  /** Null: its account is not asked now. */
  return (place: QueuePlace, at: number): PollForecast | null => {
    const account = accounts.find(place.accountId)
    if (!account || isProbed(account)) return null
    const queues = queuesOf.all(place).map(({ queue }) => queue)
    const waiting = partners.find(place, at) ?? partners.count(place, heads.all({ accountId: place.accountId }), at)
    const facts = { ...place, queues, account, partners: waiting }
    return answer(forecastPoll(facts, at), question => depthOf(question, place, at))
  }
}
