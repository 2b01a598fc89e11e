import { Hono } from 'hono'
import { z } from 'zod'
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

export const HEALTH = z.strictObject({ status: z.literal('ok') })
export const READINESS = z.strictObject({
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), reason: z.string().nullable() })),
})

/** Liveness and readiness. Everybody may ask, so no reason may contain a secret. */
export const createHealth = ({ version, ready }: HealthDeps) => {
  const app = new Hono<ApiEnv>()
  app.get('/healthz', c => c.json({ status: 'ok' } satisfies z.output<typeof HEALTH>))
  app.get('/readyz', async c => {
    const checks = await ready()
    const ok = checks.every(check => check.ok)
    return c.json(
      { status: ok ? 'ok' : 'unavailable', version, checks } satisfies z.output<typeof READINESS>,
      ok ? 200 : 503,
    )
  })
  return app
}
