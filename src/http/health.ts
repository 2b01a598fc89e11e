import { Hono } from 'hono'
import type { ApiEnv } from './middleware/authenticate.ts'

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
