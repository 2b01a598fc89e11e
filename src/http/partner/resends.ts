import { z } from 'zod'
import { MINUTE } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { type BulkAct, exhaustedIn, isUnderWay } from '../../store/bulk/states.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, COUNT, idField, SEARCHED_BY } from '../json/fields.ts'
import { found } from '../json/problem.ts'
import { readTimes, timed, ZONE } from '../json/times.ts'
import { packWords } from '../json/validate.ts'

const TOO_MANY_RESENDS = {
  en: 'Ten of your bulk resends are under way, which is the maximum.',
  zh: '同时进行的批量重发最多 10 次，已达上限。',
}
const DELIVERY = packWords({
  en: 'must be "exhausted": pending messages are sent anyway (GET /v1/events?delivery=pending has them at once), and delivered ones have arrived',
  zh: '必须是 "exhausted"：pending 的会自动投递（可用 GET /v1/events?delivery=pending 立即拉取），delivered 的已送达',
})
const RESEND_BODY = z
  .strictObject({
    since: timed('Only webhooks created then or later.'),
    until: timed('Only webhooks created then or earlier; by default now.').optional(),
    zone: ZONE,
    host: SEARCHED_BY.host.describe('Only webhooks to this host, with its port if the URL has one.'),
    delivery: z
      .literal('exhausted', DELIVERY)
      .describe('Only given-up webhooks: all others are sent anyway, or have arrived.'),
  })
  .meta({ id: 'ResendRequest' })

const RESEND = z
  .object({
    id: idField('resend').describe('The id of the resend, to get its progress.'),
    since: AT.describe('As requested, as a time.'),
    until: AT.describe('As requested, as a time; by default the time of the request.'),
    count: COUNT.describe('Messages to resend, counted when the resend was requested.'),
    resent: COUNT.describe('Messages that are due again, so far.'),
    done: z.boolean().describe('Whether it has ended.'),
    stopped: z
      .boolean()
      .describe('An operator has stopped it, or the service was restored from a backup: request the rest again.'),
  })
  .meta({ id: 'Resend', description: 'A resend of many webhooks in the background.' })
export type ResendAnswer = z.output<typeof RESEND>

const viewResend = ({ id, filter, createdAt, counted, done, state }: BulkAct): ResendAnswer =>
  z.decode(RESEND, {
    id,
    since: filter.messageSince ?? createdAt,
    until: filter.messageUntil ?? createdAt,
    count: counted.count,
    resent: done,
    done: !isUnderWay(state),
    stopped: state === 'stopped',
  })

/** `/v1/resend`: sends all exhausted messages of a time span again, as a bulk act of the partner. */
export const BULK_RESEND_CALLS = {
  'POST /v1/resend': operation({
    operationId: 'resendExhausted',
    summary: 'Resend all exhausted webhooks of a time span, or those to one host',
    description:
      'For use after an outage of your receiver. The webhooks are sent in the background, each with its `webhook-id` and a new retry schedule. At most 10 times a minute, and 10 at once.',
    body: RESEND_BODY,
    answers: { 202: RESEND },
    handle: async (c, { store, rates, newId }, { body }) => {
      const partnerId = c.get('partnerId')
      rates.take('bulkResends', partnerId)
      const createdAt = store.now()
      const { since, until } = readTimes(body, { now: createdAt, source: 'body' })
      const host = body.host?.toLowerCase() ?? null
      const span = { since: since ?? createdAt, until: until ?? createdAt, host }
      const counted = { count: await store.countExhausted(partnerId, span), isCapped: false }
      const by = { partnerId, who: partnerId, name: '', reason: 'POST /v1/resend' }
      const { id } = await store.createBulkAct({
        id: newId('resend'),
        ...exhaustedIn(partnerId, span),
        ...by,
        counted,
        createdAt,
      })
      const started = await store.startBulkAct(id)
      if (started?.outcome !== 'changed')
        throw new AppError('too_many_requests', TOO_MANY_RESENDS, { retryAfterMs: MINUTE })
      c.header('location', `/v1/resend/${id}`)
      return c.json(viewResend(started.bulk), 202)
    },
  }),
  'GET /v1/resend/:id': operation({
    operationId: 'getResend',
    summary: 'Get the progress of a resend',
    description: 'How many of its webhooks are due again, and whether it has ended.',
    id: 'resend',
    answers: { 200: RESEND },
    handle: async (c, { store }, { id }) => {
      const resend = await store.findBulkAct(id)
      return c.json(viewResend(found(resend?.partnerId === c.get('partnerId') ? resend : null, 'resend')))
    },
  }),
} satisfies PartnerCalls
