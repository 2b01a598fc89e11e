import { isProbed } from '../../core/account.ts'
import {
  forecastPoll,
  MOST_COUNTED,
  type PollForecast,
  partnersWith,
  type QueuePlace,
  type Span,
  spansBefore,
} from '../rules/poll-forecast.ts'
import { createAccountRows } from './accounts.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { headsOf, QUEUES_OF, STANDING_BEFORE } from './verification-statements.ts'

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Pick<Context, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const accounts = createAccountRows(context)

  /** Null: its account is not asked now. */
  return async (tx: Tx, place: QueuePlace): Promise<PollForecast | null> => {
    const account = await accounts.find(tx, place.accountId)
    if (!account || isProbed(account)) return null
    const queues = await tx.rows<{ queue: number }>(QUEUES_OF, [place.accountId, place.partnerId])
    const [heads = []] = await headsOf(tx, [place.accountId])
    const partners = partnersWith(place, heads, tx.at)
    const spans = spansBefore(
      place,
      queues.map(({ queue }) => queue),
      tx.at,
    )
    const counted = {
      before: await lengthOf(tx, place, spans.before),
      between: await lengthOf(tx, place, spans.between),
    }
    return forecastPoll(counted, { account, partners }, tx.at)
  }
}

const lengthOf = async (tx: Tx, place: QueuePlace, { queues, after, dueAt, id }: Span): Promise<number> => {
  const span = [place.accountId, place.partnerId, queues, after, dueAt, id, MOST_COUNTED]
  const [counted] = await tx.rows<{ n: number }>(STANDING_BEFORE, span)
  return counted?.n ?? 0
}
