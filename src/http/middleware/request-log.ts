import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { AppError } from '../../core/error.ts'
import type { Emit } from '../../telemetry/emit.ts'
import { sendError } from '../json/problem.ts'
import { setHeader } from '../node-bindings.ts'
import type { ApiEnv } from './authenticate.ts'

export interface RequestLogDeps {
  emit: Emit<'request.answered' | 'probe.answered' | 'request.failed'>
  monotonic: () => number
  newId: (prefix: string) => string
  /** Turns a 404 into a 405 if this address exists for another method. */
  refuseMethod: MiddlewareHandler<ApiEnv>
  /** Aborted when the service stops: it answers that it does, and nothing else. */
  stopping: AbortSignal
}

const HEADER = 'x-request-id'
/** Answers below this path are for one caller and must not be cached. */
const API = '/v1/'
/** Request ids that callers may choose; none of these characters can damage a log. */
const REQUEST_ID = /^[\w=-]{1,128}$/
/** Probes ask these every few seconds. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics'])
/** Answered to the last. */
const HEALTH = new Set(['/healthz', '/readyz'])
const STOPPING = {
  en: 'The service is stopping, so nothing of this request was done. Send it again.',
  zh: '服务正在停止，该请求未作任何处理，请重新发送。',
}

/** To who is no operator, the admin API may not even exist. */
const isHidden = (c: Context<ApiEnv>): boolean =>
  /^\/v1\/admin(\/|$)/.test(c.req.path) && c.get('operator') === undefined

const nothingMore = async () => {}

/**
 * Gives every request its id, `cache-control` and 405, and logs it in one line. The line has the pattern of the route, and
 * never the path, the query or a body. A bug gets a line of its own.
 *
 * This is one middleware because each middleware costs every request two promises.
 */
export const createRequestLog = ({
  emit,
  monotonic,
  newId,
  refuseMethod,
  stopping,
}: RequestLogDeps): MiddlewareHandler<ApiEnv> =>
  async function logRequest(c, next) {
    const startedAt = monotonic()
    const sent = c.req.header(HEADER)
    const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : newId('req')
    c.set('requestId', requestId)
    setHeader(c, HEADER, requestId)
    if (c.req.path.startsWith(API)) setHeader(c, 'cache-control', 'no-store')
    if (stopping.aborted && !HEALTH.has(c.req.path)) c.res = sendError(c, new AppError('unavailable', STOPPING))
    else await next()
    if (c.res.status === 404 && !isHidden(c)) await refuseMethod(c, nothingMore)
    const route = routePath(c)
    const { status } = c.res
    if (c.error && status === 500) emit('request.failed', { route, requestId, error: c.error })
    emit(PROBES.has(route) && status < 400 ? 'probe.answered' : 'request.answered', {
      method: c.req.method,
      route,
      status,
      durationMs: Math.round(monotonic() - startedAt),
      partnerId: c.get('partnerId') ?? null,
      requestId,
    })
  }
