import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Emit } from '../../telemetry/emit.ts'
import { setHeader } from '../json/set-header.ts'
import type { ApiEnv } from './authenticate.ts'

interface RequestLogDeps {
  emit: Emit<'request.answered' | 'probe.answered' | 'request.failed'>
  now: () => number
  newId: (prefix: string) => string
  /** Turns a 404 into 405 where there is something at this address for another method. */
  refuseMethod: MiddlewareHandler<ApiEnv>
}

const HEADER = 'x-request-id'
/** What is answered below it is for its caller, and for now. */
const API = '/v1/'
/** A caller's own id, to find its request again: as long as it can harm no log. */
const REQUEST_ID = /^[\w=-]{1,128}$/
/** What a probe asks every few seconds: worth a line only when it fails. */
const PROBES = new Set(['/healthz', '/readyz'])

const nothingMore = async () => {}

/**
 * What is around every request: its id, `no-store`, 405, and one line in the log with the route's pattern, never the path, the query
 * or a body; what went wrong here gets its own. All in one middleware, for each costs every request two promises.
 */
export const createRequestLog = ({ emit, now, newId, refuseMethod }: RequestLogDeps): MiddlewareHandler<ApiEnv> =>
  async function frameRequest(c, next) {
    const startedAt = now()
    const sent = c.req.header(HEADER)
    const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : newId('req')
    c.set('requestId', requestId)
    setHeader(c, HEADER, requestId)
    if (c.req.path.startsWith(API)) setHeader(c, 'cache-control', 'no-store')
    await next()
    if (c.res.status === 404) await refuseMethod(c, nothingMore)
    const route = routePath(c)
    const { status } = c.res
    if (c.error && status === 500) emit('request.failed', { route, requestId, error: c.error })
    emit(PROBES.has(route) && status < 400 ? 'probe.answered' : 'request.answered', {
      method: c.req.method,
      route,
      status,
      durationMs: Math.max(0, Math.round(now() - startedAt)),
      partnerId: c.get('partnerId') ?? null,
      requestId,
    })
  }
