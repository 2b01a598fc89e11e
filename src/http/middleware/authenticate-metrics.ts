import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { Secret } from '../../core/secret.ts'
import type { ApiEnv } from './authenticate.ts'
import { createLoginFailures, type LoginFailureDeps, readToken } from './login-failures.ts'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Lets in who reads the metrics, by their token. */
export const createMetricsAuth = (metricsToken: Secret, deps: LoginFailureDeps): MiddlewareHandler<ApiEnv> => {
  const expected = sha256(metricsToken.reveal())
  const refusal = createLoginFailures(deps)
  return async function authenticateMetrics(c, next) {
    if (!timingSafeEqual(sha256(readToken(c.req.header('authorization'))), expected)) throw refusal(c)
    await next()
  }
}
