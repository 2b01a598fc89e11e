import { Hono } from 'hono'
import type { Secret } from '../core/secret.ts'
import type { ApiEnv } from './api-env.ts'
import { clientNetwork } from './caller.ts'
import { createFrame, type FrameDeps } from './frame.ts'
import { type RefusalDeps, readToken, refusalOf } from './middleware/authenticate.ts'
import { createSecretCheck } from './middleware/authenticate-operator.ts'
import { createRates, type RateDeps } from './rates.ts'

/** One thing that the service needs. `reason` says in words what is wrong; null: nothing is. */
export interface ReadyCheck {
  name: string
  ok: boolean
  reason: string | null
}

export interface HealthDeps {
  version: string
  ready: () => Promise<ReadyCheck[]>
}

/** Liveness and readiness. Everybody may ask, so no reason may contain a secret. */
export const createHealth = ({ version, ready }: HealthDeps) => {
  const app = new Hono<ApiEnv>()
  app.get('/healthz', c => c.json({ status: 'ok' }))
  app.get('/readyz', async c => {
    const checks = await ready()
    const ok = checks.every(check => check.ok)
    return c.json({ status: ok ? 'ok' : 'unavailable', version, checks }, ok ? 200 : 503)
  })
  return app
}

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

/** What a node without the role `api` answers: whether it lives, whether it is ready, its metrics, and nothing else. */
export const createProbes = (deps: FrameDeps & HealthDeps & Omit<MetricsDeps, 'rates'> & RateDeps) => {
  const app = createFrame(deps, {
    en: 'This node answers /healthz, /readyz and /metrics only: its ROLES have no api. Call a node that has it.',
    zh: '本节点只提供 /healthz、/readyz 和 /metrics：其 ROLES 不含 api。请访问包含 api 的节点。',
  })
  app.route('/', createHealth(deps))
  app.route('/', createMetricsPage({ ...deps, rates: createRates(deps) }))
  return app
}
