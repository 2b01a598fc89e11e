import { Hono } from 'hono'
import { z } from 'zod'
import type { Store } from '../../store/store.ts'
import { COUNT, idField, QUOTAS } from '../json/fields.ts'
import { found } from '../json/found.ts'
import { noQuery } from '../json/query.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'

export interface MeDeps {
  store: Pick<Store, 'findPartner' | 'usageOf'>
  apiRate: number
}

export const ME = z.strictObject({
  partnerId: idField('partner'),
  name: z.string(),
  payload: z.enum(['full', 'thin']),
  rate: z.strictObject({ perSecond: z.number(), burst: z.number() }),
  quotas: QUOTAS,
  usage: z.strictObject({ pending: COUNT, hosts: COUNT, daily: COUNT }),
})
export type MeAnswer = z.output<typeof ME>

/** `GET /v1/me`: the partner whose key this is, its limits, and what it has used of them. */
export const createMe = ({ store, apiRate }: MeDeps) => {
  const app = new Hono<ApiEnv>()

  app.get('/', noQuery, async c => {
    const partnerId = c.get('partnerId')
    const { name, payload, quotas } = found(await store.findPartner(partnerId), 'partner')
    return c.json({
      partnerId,
      name,
      payload,
      rate: { perSecond: apiRate, burst: 2 * apiRate },
      quotas,
      usage: await store.usageOf(partnerId),
    } satisfies MeAnswer)
  })

  return app
}
