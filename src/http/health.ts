import { Hono } from 'hono'
import type { ApiEnv } from './middleware/authenticate.ts'
import type { HealthAnswer, ReadinessAnswer } from './openapi/admin-answers.ts'

/** One thing the service needs; `reason` says in words what is wrong, or null. */
export interface ReadyCheck {
  name: string
  ok: boolean
  reason: string | null
}

interface HealthDeps {
  version: string
  ready: () => Promise<ReadyCheck[]>
}

/** Liveness and readiness, open to everybody: their reasons must hold nothing secret. */
export const createHealth = ({ version, ready }: HealthDeps) => {
  const app = new Hono<ApiEnv>()
  app.get('/healthz', c => c.json({ status: 'ok' } satisfies HealthAnswer))
  app.get('/readyz', async c => {
    const checks = await ready()
    const ok = checks.every(check => check.ok)
    return c.json({ status: ok ? 'ok' : 'unavailable', version, checks } satisfies ReadinessAnswer, ok ? 200 : 503)
  })
  return app
}
