import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { readTraceparent } from '../../core/traceparent.ts'
import type { Tracer } from '../../telemetry/traces/tracer.ts'
import type { ApiEnv } from './authenticate.ts'
import { isStrangersRefusal, PROBES } from './request-log.ts'

/** Makes a span of every request but probes and what is refused, or not found, of a stranger. It has the pattern of the route, and never the path, the query or a header. */
export const createRequestSpan = (tracer: Pick<Tracer, 'request'>): MiddlewareHandler<ApiEnv> =>
  async function traceRequest(c, next) {
    if (PROBES.has(c.req.path)) return next()
    const span = tracer.request(c.req.method, callerOf(c))
    c.set('traceparent', span.traceparent)
    await next()
    const { status } = c.res
    if (status === 429 || isStrangersRefusal(c)) return
    const partnerId = c.get('partnerId') as string | undefined
    span.end({
      route: routePath(c),
      attributes: {
        'http.response.status_code': status,
        ...(partnerId === undefined ? {} : { 'idface.partner_id': partnerId }),
      },
      error: status >= 500 ? String(status) : null,
    })
  }

/** What is stored with what a request registers: its own span, or its caller's where we make no spans. */
export const traceparentOf = (c: Context<ApiEnv>): string | null => c.get('traceparent') ?? callerOf(c)

const callerOf = (c: Context): string | null => readTraceparent(c.req.header('traceparent'))
