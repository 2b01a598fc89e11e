import { Hono } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { BulkResend, Store } from '../../store/store.ts'
import { jsonTime } from '../json/json-time.ts'
import { noQuery } from '../json/query.ts'
import { readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { ResendAnswer } from '../openapi/answers.ts'

export interface ResendDeps {
  store: Pick<Store, 'startResend' | 'findResend'>
  newId: (prefix: string) => string
  now: () => number
}

const TIME = 'must be a time in ISO 8601 with its offset, such as 2026-11-24T08:00:00Z'
const DELIVERY = 'must be "exhausted": what is pending is sent anyway, and what was delivered has arrived'
const time = z.iso.datetime({ offset: true, error: TIME }).transform(text => Date.parse(text))
export const RESEND_BODY = z
  .strictObject({ since: time, until: time.optional(), delivery: z.literal('exhausted', DELIVERY) })
  .refine(({ since, until }) => until === undefined || until >= since, {
    path: ['until'],
    message: 'must not be before since',
  })

const viewResend = ({ id, since, until, count, resent, done }: BulkResend): ResendAnswer => ({
  id,
  since: jsonTime(since),
  until: jsonTime(until),
  count,
  resent,
  done,
})

/** `/v1/resend`: sends again what nobody took, a batch at a time. */
export const createResends = ({ store, newId, now }: ResendDeps) => {
  const app = new Hono<ApiEnv>()

  app.post('/', noQuery, async c => {
    const { since, until } = await readBody(c, RESEND_BODY)
    const resend = await store.startResend(c.get('partnerId'), { id: newId('resend'), since, until: until ?? now() })
    c.header('location', `/v1/resend/${resend.id}`)
    return c.json(viewResend(resend), 202)
  })

  app.get('/:id', noQuery, async c => {
    const id = c.req.param('id')
    const resend = /^\w{1,64}$/.test(id) ? await store.findResend(c.get('partnerId'), id) : null
    if (!resend) throw new AppError('not_found', 'There is no resend with this id.')
    return c.json(viewResend(resend))
  })

  return app
}
