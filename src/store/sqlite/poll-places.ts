import { isProbed } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { type DepthQuestion, endOf, forecastPoll, MOST_COUNTED, type PollForecast } from '../rules/poll-forecast.ts'
import { answer } from '../rules/questions.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { prepareVerifications } from './verification-statements.ts'

/** How long the number of partners that wait is kept: it takes a look at each of them. */
const PARTNERS_KEPT_MS = SECOND

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
  const { heads, queuesOf } = prepareVerifications(client)
  const accounts = createAccountRows(context)
  /** By account. */
  const partners = new Map<string, { at: number; ids: ReadonlySet<string> }>()
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

  const depthOf = (question: DepthQuestion, place: Place, at: number): number =>
    count.get({ ...place, queue: question.queue, ...endOf(question, place, at), limit: MOST_COUNTED }) ?? 0

  /** Those that have something due of the account, and this one. */
  const countPartners = ({ accountId, partnerId }: Place, at: number): number => {
    const known = partners.get(accountId)
    const isKnown = known !== undefined && Math.abs(at - known.at) < PARTNERS_KEPT_MS
    const due = isKnown ? [] : heads.all({ accountId }).filter(({ dueAt }) => dueAt <= at)
    const ids = isKnown ? known.ids : new Set(due.map(head => head.partnerId))
    if (!isKnown) partners.set(accountId, { at, ids })
    return ids.has(partnerId) ? ids.size : ids.size + 1
  }

  /** Null: its account is not asked now. */
  return (place: Place, at: number): PollForecast | null => {
    const account = accounts.find(place.accountId)
    if (!account || isProbed(account)) return null
    const queues = queuesOf.all(place).map(({ queue }) => queue)
    const facts = { ...place, queues, account, partners: countPartners(place, at) }
    return answer(forecastPoll(facts, at), question => depthOf(question, place, at))
  }
}
