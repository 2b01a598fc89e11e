import { Hono } from 'hono'
import type { Secret } from '../core/secret.ts'
import { clientNetwork } from './caller.ts'
import type { ApiEnv } from './middleware/authenticate.ts'
import { createSecretCheck } from './middleware/authenticate-operator.ts'
import { type RefusalDeps, readToken, refusalOf } from './middleware/credentials.ts'

export interface MetricsDeps extends RefusalDeps {
  /** Null: everybody may read them. */
  metricsToken: Secret | null
  metrics: { contentType: string; text: () => Promise<string> }
}

/** `GET /metrics`, in Prometheus' text format. */
export const createMetricsPage = (deps: MetricsDeps) => {
  const { metrics, metricsToken, rates, trustedProxies } = deps
  const app = new Hono<ApiEnv>()
  const isToken = metricsToken ? createSecretCheck(metricsToken) : () => true
  app.get('/metrics', async c => {
    if (!isToken(readToken(c.req.header('authorization')))) throw refusalOf(c, deps)
    rates.take('metrics', clientNetwork(c, trustedProxies))
    return c.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
  })
  return app
}
