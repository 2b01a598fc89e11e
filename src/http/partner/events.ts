import { z } from 'zod'
import { MESSAGE_STATES, MESSAGE_TYPES, messageIdOf } from '../../core/message.ts'
import { EVENT_WINDOW, type EventPosition } from '../../store/messages/events.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, choiceField, idField, textField } from '../json/fields.ts'
import { CURSOR, isoTimes, PAGE_PARAMETERS, SPAN } from '../json/pagination.ts'
import { sendProblem } from '../json/problem.ts'
import { readTimes, timed, ZONE } from '../json/times.ts'
import { packWords } from '../json/validate.ts'
import { pageCost } from '../rates.ts'
import { DELIVERY_STATE, SANDBOX } from './registration-schemas.ts'

const LOST_CURSOR = {
  en: 'This cursor is from before the database was restored from a backup. Go on with the nextCursor given here: it returns every event since, and may repeat some with the same webhook-id.',
  zh: '游标已失效：数据库曾从备份恢复。请从此处的 nextCursor 继续：不会漏事件，但可能重复，请按 webhook-id 去重。',
}
/** `evt_`, the number of the event and, in base 36, the time it was created, which identifies its history. */
const FORM = /^evt_(?:0|(\d{1,15})_([0-9a-z]{1,9}))$/

const readCursor = (cursor: string): EventPosition | null => {
  const [, n, at] = FORM.exec(cursor) ?? []
  return n === undefined || at === undefined ? null : { n: Number(n), at: Number.parseInt(at, 36) }
}
const cursorOf = (position: EventPosition | null): string =>
  position === null ? 'evt_0' : `evt_${position.n}_${position.at.toString(36)}`

const REGISTRATION_ID = packWords({ en: 'must be the id of a registration, reg_…', zh: '必须是登记的 id，即 reg_…' })
const EVENT_QUERY = z.strictObject({
  limit: PAGE_PARAMETERS.limit,
  after: z
    .string()
    .regex(FORM, packWords(CURSOR))
    .transform(readCursor)
    .optional()
    .describe('The nextCursor of the previous call; without it, the list begins at the first message.'),
  since: timed('Begins at the first message created then or later, or after `after` if that is later.').optional(),
  zone: ZONE,
  delivery: choiceField(MESSAGE_STATES).describe(
    `Only messages whose delivery is in this state now. A page scans ${EVENT_WINDOW} messages at most, so a page that is not the last may have fewer than \`limit\`, even none.`,
  ),
  registrationId: textField(/^reg_\w{1,60}$/, REGISTRATION_ID)
    .optional()
    .describe('Only the webhook of this registration.'),
})

const EVENT = z
  .object({
    messageId: idField('msg').describe('The `webhook-id`.'),
    registrationId: idField('reg').describe('The registration of the webhook.'),
    sandbox: SANDBOX,
    type: z.enum(MESSAGE_TYPES).describe('The type in the body.'),
    createdAt: AT.describe('When the webhook was created.'),
    delivery: DELIVERY_STATE,
    body: z.string().meta({
      description: 'The exact text of the webhook: verify it with `headers`, then parse it.',
      examples: ['{"type":"idface.succeeded","timestamp":"2026-11-24T08:00:00.000Z","data":{…}}'],
    }),
    headers: z
      .object({
        'webhook-id': z.string().meta({
          description: 'The id of the message; the same in every attempt and every fetch.',
          examples: ['msg_01KAW2X5G0Q8T3M6V9Y1B4D7FH'],
        }),
        'webhook-timestamp': z.string().meta({ description: 'Epoch seconds.', examples: ['1795509800'] }),
        'webhook-signature': z
          .string()
          .meta({ description: 'The signature.', examples: ['v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='] }),
      })
      .describe('The headers of the webhook, signed at the time of this call.'),
  })
  .meta({ id: 'Event', description: 'A webhook, whether it has arrived or not.' })
export type EventAnswer = z.output<typeof EVENT>

const EVENT_LIST = z
  .object({
    data: z.array(EVENT),
    nextCursor: z.string().meta({
      description:
        'Pass it as `after` to continue where this answer ended; it is never null. There is nothing more if the page is empty and this equals the `after` of the call.',
      examples: ['evt_41_mhw3k2o0'],
    }),
    since: SPAN.since,
  })
  .meta({ id: 'EventList' })

/** `GET /v1/events`: the messages in order, for partners that cannot receive webhooks, or could not for a while. */
export const EVENT_CALLS = {
  'GET /v1/events': operation({
    operationId: 'events',
    summary: 'Fetch webhooks instead of receiving them, oldest first',
    description:
      'For partners that cannot receive webhooks, or could not for a while. There is nothing new if a page is empty and its `nextCursor` equals the `after` of the call. A cursor stays valid until the database is restored from a backup: then the answer is 409, and its `nextCursor` is the one to go on with.',
    query: EVENT_QUERY,
    answers: { 200: EVENT_LIST },
    problems: ['conflict'],
    handle: async (c, { store, rates, signEvents, now }, { query: { limit, after = null, zone, ...query } }) => {
      const { since } = readTimes({ since: query.since, zone }, { now: now() })
      const partnerId = c.get('partnerId')
      const taken = pageCost(limit, query.delivery === undefined ? 0 : EVENT_WINDOW)
      rates.take('items', partnerId, taken)
      const page = await store.listEvents(partnerId, { ...query, since: since ?? undefined, after, limit })
      if (page.outcome === 'lost')
        return sendProblem(c, { code: 'conflict', detail: LOST_CURSOR, nextCursor: cursorOf(page.beginAfter) })
      const { events } = page
      rates.give('items', partnerId, taken - pageCost(events.length, page.scanned))
      const messages = events.map(event => ({ id: messageIdOf(event.registrationId), body: event.body }))
      const headers = await signEvents(partnerId, messages)
      const data = events.map((event, n) => ({
        ...event,
        messageId: messageIdOf(event.registrationId),
        ...(event.body.includes('"sandbox":true') ? { sandbox: true as const } : {}),
        headers: EVENT.shape.headers.parse(headers[n]),
      }))
      return c.json({
        ...z.decode(EVENT_LIST, { data, nextCursor: cursorOf(page.end ?? after) }),
        ...isoTimes({ since }),
      })
    },
  }),
} satisfies PartnerCalls
