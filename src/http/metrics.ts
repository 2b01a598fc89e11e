import { Hono } from 'hono'
import { networkOf } from '../core/address.ts'
import type { Secret } from '../core/secret.ts'
import type { ApiEnv } from './middleware/authenticate.ts'
import { createMetricsAuth } from './middleware/authenticate-metrics.ts'
import { clientAddress } from './middleware/client-address.ts'
import type { LoginFailureDeps } from './middleware/login-failures.ts'
import { createRateLimit } from './middleware/rate-limit.ts'

/** Requests of one network: a page costs some ms. */
const SCRAPING = { rate: 5, burst: 20 }

export interface MetricsDeps extends LoginFailureDeps {
  /** Null: everybody may read them. */
  metricsToken: Secret | null
  metrics: { contentType: string; text: () => Promise<string> }
}

/** `GET /metrics`, in Prometheus' text format. */
export const createMetricsPage = (deps: MetricsDeps) => {
  const { metrics, metricsToken, trustedProxies, now } = deps
  const app = new Hono<ApiEnv>()
  const take = createRateLimit({
    now,
    rateShare: null,
    detail: {
      en: 'Too many calls for the metrics have come from your address.',
      zh: '该 IP 地址的指标请求过多。',
    },
  })
  if (metricsToken) app.use('/metrics', createMetricsAuth(metricsToken, deps))
  app.get('/metrics', async c => {
    take(networkOf(clientAddress(c, trustedProxies)), SCRAPING)
    return c.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
  })
  return app
}
