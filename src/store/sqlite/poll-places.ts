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
import type { Context } from './context.ts'
import { prepareVerifications } from './verification-statements.ts'

type Place = Pick<QueuePlace, 'accountId' | 'partnerId'> & Omit<Span, 'queues'>

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Context) => {
  const { client } = context
  const { heads, queuesOf } = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const count = client
    .prepare<Place & { queues: string; limit: number }, number>(`
      SELECT count(*) FROM (
        SELECT 1 FROM json_each(@queues) asked CROSS JOIN verifications v
          ON v.account_id = +@accountId AND v.partner_id = +@partnerId AND v.queue = asked.value
        WHERE v.due_at IS NOT NULL AND v.due_at > +@after AND v.due_at <= +@dueAt AND (v.due_at, v.id) < (+@dueAt, +@id)
        LIMIT +@limit)`)
    .pluck()

  const lengthOf = ({ accountId, partnerId }: QueuePlace, { queues, ...span }: Span): number =>
    count.get({ accountId, partnerId, queues: JSON.stringify(queues), ...span, limit: MOST_COUNTED }) ?? 0

  /** Null: its account is not asked now. */
  return (place: QueuePlace, at: number): PollForecast | null => {
    const account = accounts.find(place.accountId)
    if (!account || isProbed(account)) return null
    const queues = queuesOf.all(place).map(({ queue }) => queue)
    const partners = partnersWith(place, heads.all({ accountId: place.accountId }), at)
    const { before, between } = spansBefore(place, queues, at)
    const counted = { before: lengthOf(place, before), between: lengthOf(place, between) }
    return forecastPoll(counted, { account, partners }, at)
  }
}
