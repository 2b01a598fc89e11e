import { Hono } from 'hono'
import { z } from 'zod'
import { messageIdOf } from '../../core/message.ts'
import type { Store, StoredEvent } from '../../store/store.ts'
import { jsonTime } from '../json/json-time.ts'
import { PAGE_PARAMETERS } from '../json/pagination.ts'
import { readQuery } from '../json/query.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { EventAnswer } from '../openapi/answers.ts'

/** The three `webhook-*` headers of each, freshly signed for the partner. */
type SignEvents = (
  partnerId: string,
  events: readonly { id: string; body: string }[],
) => Promise<readonly Readonly<Record<string, string>>[]>

export interface EventDeps {
  store: Pick<Store, 'listEvents'>
  signEvents: SignEvents
}

const AFTER = 'must be the nextCursor of an earlier answer, as it was'
export const EVENT_QUERY = z.strictObject({
  limit: PAGE_PARAMETERS.limit,
  after: z
    .string()
    .regex(/^evt_\d{1,15}$/, AFTER)
    .transform(cursor => Number(cursor.slice('evt_'.length)))
    .optional()
    .describe('The nextCursor of the call before; without it from the very first message.'),
})

/** `GET /v1/events`: the partner's messages in order, for those who cannot receive, or were down. */
export const createEvents = ({ store, signEvents }: EventDeps) => {
  const app = new Hono<ApiEnv>()

  app.get('/', async c => {
    const { limit, after = 0 } = readQuery(c, EVENT_QUERY)
    const partnerId = c.get('partnerId')
    const events = await store.listEvents(partnerId, { after, limit })
    const messages = events.map(event => ({ id: messageIdOf(event.registrationId), body: event.body }))
    const headers = await signEvents(partnerId, messages)
    const data = events.map((event, i) => ({ ...viewEvent(event), headers: headers[i] }))
    return c.json({ data, nextCursor: `evt_${events.at(-1)?.seq ?? after}` })
  })

  return app
}

const viewEvent = ({ registrationId, type, createdAt, delivery, body }: StoredEvent): Omit<EventAnswer, 'headers'> => ({
  messageId: messageIdOf(registrationId),
  registrationId,
  type,
  createdAt: jsonTime(createdAt),
  delivery,
  body,
})
