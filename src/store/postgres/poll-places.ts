import { isProbed } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { type DepthQuestion, endOf, forecastPoll, MOST_COUNTED, type PollForecast } from '../rules/poll-forecast.ts'
import { answerTogether } from '../rules/questions.ts'
import { createAccountRows } from './accounts.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { headsOf } from './verification-claims.ts'
import { QUEUES_OF, STANDING_BEFORE } from './verification-statements.ts'

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
export const createPollPlaces = (context: Pick<Context, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const accounts = createAccountRows(context)
  /** By account. */
  const partners = new Map<string, { at: number; ids: ReadonlySet<string> }>()

  /** Those that have something due of the account, and this one. */
  const countPartners = async (tx: Tx, { accountId, partnerId }: Place): Promise<number> => {
    const known = partners.get(accountId)
    const isKnown = known !== undefined && Math.abs(tx.at - known.at) < PARTNERS_KEPT_MS
    const ids = isKnown ? known.ids : await duePartners(tx, accountId)
    if (!isKnown) partners.set(accountId, { at: tx.at, ids })
    return ids.has(partnerId) ? ids.size : ids.size + 1
  }

  /** Null: its account is not asked now. */
  return async (tx: Tx, place: Place): Promise<PollForecast | null> => {
    const account = await accounts.find(tx, place.accountId)
    if (!account || isProbed(account)) return null
    const queues = await tx.rows<{ queue: number }>(QUEUES_OF, [place.accountId, place.partnerId])
    const facts = {
      ...place,
      queues: queues.map(({ queue }) => queue),
      account,
      partners: await countPartners(tx, place),
    }
    const [forecast] = await answerTogether([forecastPoll(facts, tx.at)], questions => depthsOf(tx, place, questions))
    return forecast ?? null
  }
}

const duePartners = async (tx: Tx, accountId: string): Promise<ReadonlySet<string>> => {
  const [heads = []] = await headsOf(tx, [accountId])
  return new Set(heads.filter(({ dueAt }) => dueAt <= tx.at).map(({ partnerId }) => partnerId))
}

const depthsOf = async (tx: Tx, place: Place, questions: readonly DepthQuestion[]): Promise<readonly number[]> => {
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
