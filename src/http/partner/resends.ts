import { Hono } from 'hono'
import { z } from 'zod'
import type { BulkResend, Store } from '../../store/store.ts'
import { AT, COUNT, idField, jsonTime, timeField } from '../json/fields.ts'
import { found, readId } from '../json/found.ts'
import { noQuery } from '../json/query.ts'
import { said } from '../json/said.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createRateLimit, type SharedRate } from '../middleware/rate-limit.ts'
import type { ReadPartnerBody } from './body-rate.ts'

export interface ResendDeps extends SharedRate {
  store: Pick<Store, 'startResend' | 'findResend'>
  readBody: ReadPartnerBody
  newId: (prefix: string) => string
  now: () => number
}

/** Each counts all that may have to be resent. */
const RATE = { rate: 10 / 60, burst: 10 }
const TIME = {
  en: 'must be a time in ISO 8601 with its offset, such as 2026-11-24T08:00:00Z',
  zh: '必须是带时区偏移的 ISO 8601 时间，例如 2026-11-24T08:00:00Z',
}
const DELIVERY = said({
  en: 'must be "exhausted": pending messages are sent anyway (GET /v1/events?delivery=pending has them at once), and delivered ones have arrived',
  zh: '必须是 "exhausted"：pending 的会自动投递（可用 GET /v1/events?delivery=pending 立即拉取），delivered 的已送达',
})
const BACKWARDS = said({ en: 'must not be before since', zh: '不能早于 since' })
const time = timeField(TIME)
export const RESEND_BODY = z
  .strictObject({
    since: time.describe('Webhooks that were created then or later.'),
    until: time.optional().describe('Or earlier; now if it is left out.'),
    delivery: z
      .literal('exhausted', DELIVERY)
      .describe('Only what was given up: all others are sent anyway, or have arrived.'),
  })
  .refine(({ since, until }) => until === undefined || until >= since, {
    path: ['until'],
    message: BACKWARDS,
  })

export const RESEND = z
  .strictObject({
    id: idField('resend').describe('To ask for its progress.'),
    since: AT.describe('As it was asked for.'),
    until: AT.describe('As it was asked for, or when it was.'),
    count: COUNT.describe('Messages to resend, counted when the resend was requested.'),
    resent: COUNT.describe('Messages that are due again, so far.'),
    done: z.boolean().describe('Whether that is all.'),
  })
  .describe('Many webhooks that are sent again in the background.')
export type ResendAnswer = z.output<typeof RESEND>

const viewResend = ({ id, since, until, count, resent, done }: BulkResend): ResendAnswer => ({
  id,
  since: jsonTime(since),
  until: jsonTime(until),
  count,
  resent,
  done,
})

/** `/v1/resend`: sends all exhausted messages of a time span again, in the background. */
export const createResends = ({ store, readBody, newId, rateShare, now }: ResendDeps) => {
  const app = new Hono<ApiEnv>()
  const take = createRateLimit({
    now,
    rateShare,
    detail: { en: 'You may begin ten bulk resends a minute.', zh: '每分钟最多发起 10 次批量重发。' },
  })

  app.post('/', noQuery, async c => {
    const { since, until } = await readBody(c, RESEND_BODY)
    take(c.get('partnerId'), RATE)
    const resend = await store.startResend(c.get('partnerId'), { id: newId('resend'), since, until: until ?? now() })
    c.header('location', `/v1/resend/${resend.id}`)
    return c.json(viewResend(resend), 202)
  })

  app.get('/:id', noQuery, async c => {
    const id = readId(c.req.param('id'), 'resend')
    return c.json(viewResend(found(await store.findResend(c.get('partnerId'), id), 'resend')))
  })

  return app
}
