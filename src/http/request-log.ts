import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Log } from '../log.ts'
import type { ApiEnv } from './authenticate.ts'

/** What a probe asks every few seconds: worth a line only when it fails. */
const PROBES = new Set(['/healthz', '/readyz'])

/** One line a request: the route's pattern, never the path, the query or a body. What went wrong here gets its own. */
export const logRequests = ({ log, now }: { log: Log; now: () => number }): MiddlewareHandler<ApiEnv> =>
  async function logRequest(c, next) {
    const startedAt = now()
    await next()
    const route = routePath(c)
    const { status } = c.res
    if (c.error && status === 500) log.error('http.failed', { route, requestId: c.get('requestId'), error: c.error })
    log[PROBES.has(route) && status < 400 ? 'debug' : 'info']('http.request', {
      method: c.req.method,
      route,
      status,
      durationMs: Math.max(0, Math.round(now() - startedAt)),
      partnerId: c.get('partnerId') ?? null,
      requestId: c.get('requestId'),
    })
  }
