import { Hono } from 'hono'
import { AppError } from '../../core/error.ts'
import type { Store } from '../../store/store.ts'
import { noQuery } from '../json/query.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { MeAnswer } from '../openapi/answers.ts'

export interface MeDeps {
  store: Pick<Store, 'findPartner' | 'usageOf'>
  apiRate: number
}

/** `GET /v1/me`: whose key this is, what it may do and what of it is used. */
export const createMe = ({ store, apiRate }: MeDeps) => {
  const app = new Hono<ApiEnv>()

  app.get('/', noQuery, async c => {
    const partnerId = c.get('partnerId')
    const partner = await store.findPartner(partnerId)
    if (!partner) throw new AppError('not_found', 'There is no partner with this id.')
    const { name, payload, quotas } = partner
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
