import { isProbed } from '../../core/account.ts'
import { createPartnerCounts, type QueuePlace } from '../poll-places.ts'
import { type DepthQuestion, endOf, forecastPoll, MOST_COUNTED, type PollForecast } from '../rules/poll-forecast.ts'
import { answerTogether } from '../rules/questions.ts'
import { createAccountRows } from './accounts.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { headsOf, QUEUES_OF, STANDING_BEFORE } from './verification-statements.ts'

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Pick<Context, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const accounts = createAccountRows(context)
  const partners = createPartnerCounts()

  /** Null: its account is not asked now. */
  return async (tx: Tx, place: QueuePlace): Promise<PollForecast | null> => {
    const account = await accounts.find(tx, place.accountId)
    if (!account || isProbed(account)) return null
    const queues = await tx.rows<{ queue: number }>(QUEUES_OF, [place.accountId, place.partnerId])
    const heads = async () => (await headsOf(tx, [place.accountId]))[0] ?? []
    const waiting = partners.find(place, tx.at) ?? partners.count(place, await heads(), tx.at)
    const facts = { ...place, queues: queues.map(({ queue }) => queue), account, partners: waiting }
    const [forecast] = await answerTogether([forecastPoll(facts, tx.at)], questions => depthsOf(tx, place, questions))
    return forecast ?? null
  }
}

const depthsOf = async (tx: Tx, place: QueuePlace, questions: readonly DepthQuestion[]): Promise<readonly number[]> => {
  const ends = questions.map(question => endOf(question, place, tx.at))
  const counts = await tx.rows<{ n: number }>(STANDING_BEFORE, [
    place.accountId,
    place.partnerId,
    questions.map(({ queue }) => queue),
    ends.map(({ dueAt }) => dueAt),
    ends.map(({ id }) => id),
    MOST_COUNTED,
  ])
  return counts.map(({ n }) => n)
}
