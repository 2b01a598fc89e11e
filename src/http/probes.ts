import type { Hono } from 'hono'
import type { ApiEnv, ProbeDeps, RefusalDeps } from './api-env.ts'
import { clientNetwork } from './caller.ts'
import { createFrame } from './frame.ts'
import { readToken, refusalOf } from './middleware/authenticate.ts'
import { createSecretCheck } from './middleware/authenticate-operator.ts'
import { createRates } from './rates.ts'

/** Adds liveness and readiness, which are public, so no reason may contain a secret; and Prometheus' `/metrics`. */
export const addProbes = (app: Hono<ApiEnv>, deps: ProbeDeps & RefusalDeps): void => {
  const { version, ready, metrics, rates, trustedProxies } = deps
  const { metricsToken } = deps.config.server
  app.get('/healthz', c => c.json({ status: 'ok' }))
  app.get('/readyz', async c => {
    const checks = await ready()
    const ok = checks.every(check => check.ok)
    return c.json({ status: ok ? 'ok' : 'unavailable', version, checks }, ok ? 200 : 503)
  })
  const isToken = metricsToken ? createSecretCheck(metricsToken) : () => true
  app.get('/metrics', async c => {
    if (!isToken(readToken(c.req.header('authorization')))) throw refusalOf(c, deps)
    rates.take('metrics', clientNetwork(c, trustedProxies))
    return c.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
  })
}

/** App of a node without the role `api`: liveness, readiness and metrics, and nothing else. */
export const createProbes = (deps: ProbeDeps) => {
  const app = createFrame(deps, {
    en: 'This node answers /healthz, /readyz and /metrics only: its ROLES have no api. Call a node that has it.',
    zh: '本节点只提供 /healthz、/readyz 和 /metrics：其 ROLES 不含 api。请访问包含 api 的节点。',
  })
  addProbes(app, { ...deps, rates: createRates(deps) })
  return app
}
