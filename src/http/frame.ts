import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import type { Tracer } from '../telemetry/traces/span-tracer.ts'
import type { ApiEnv, FrameDeps } from './api-env.ts'
import { setHeader } from './caller.ts'
import { sendError, sendProblem } from './json/problem.ts'

const HEADER = 'x-request-id'
/** Responses below this path are for one caller and must not be cached. */
const API = '/v1/'
/** Request ids that callers may choose; none of these characters can damage a log. */
const REQUEST_ID = /^[\w=-]{1,128}$/
/** Paths that probes and scrapers call every few seconds. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics'])
/** Paths that are served even while the service stops. */
const HEALTH = new Set(['/healthz', '/readyz'])
const STOPPING = {
  en: 'The service is stopping, so nothing of this request was done. Send it again.',
  zh: '服务正在停止，该请求未被处理，请重试。',
}

/** Whether a 404 must stay: a 405 would show a caller without an operator's token that the admin API exists. */
const isHidden = (c: Context<ApiEnv>): boolean =>
  /^\/v1\/admin(\/|$)/.test(c.req.path) && c.get('operator') === undefined

const DOUBLE_SLASH = {
  en: 'This address begins with //: end the base URL (NOTIFIER_URL) without a slash.',
  zh: '该地址以 // 开头：服务地址（NOTIFIER_URL）末尾请勿带斜杠。',
}

const nothingMore = async () => {}

const REFUSALS = new Set([401, 404, 429])
/** Refusals of callers without a valid key or token. Anybody may cause any number of them. */
const isStrangersRefusal = (c: Context<ApiEnv>): boolean =>
  REFUSALS.has(c.res.status) && c.get('partnerId') === undefined && c.get('operator') === undefined

/**
 * Sets the request id and `cache-control`, turns a 404 into a 405 where only the method is wrong, and emits one event
 * per request with the route's pattern, never the path, the query or a body. A bug gets a separate event.
 *
 * This is one middleware because each middleware costs every request two promises.
 *
 * @param refuseMethod turns a 404 into a 405 if this address exists for another method
 */
const createRequestLog = (
  { emit, monotonic, newId, stopping }: FrameDeps,
  refuseMethod: MiddlewareHandler<ApiEnv>,
): MiddlewareHandler<ApiEnv> =>
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
    const isProbe = PROBES.has(route) && status < 400
    emit(isProbe ? 'probe.answered' : isStrangersRefusal(c) ? 'stranger.refused' : 'request.answered', {
      method: c.req.method,
      route,
      status,
      durationMs: Math.round(monotonic() - startedAt),
      partnerId: c.get('partnerId') ?? null,
      requestId,
    })
  }

/**
 * Records a span of every request but probes, 429s, and 401s and 404s of callers without a valid key or token. It has
 * the route's pattern, never the path, the query or a header.
 */
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

/** Returns the `traceparent` to store with a registration: its request's span, else its caller's, else null. */
export const traceparentOf = (c: Context<ApiEnv>): string | null => c.get('traceparent') ?? callerOf(c)

const callerOf = (c: Context): string | null => readTraceparent(c.req.header('traceparent'))

/**
 * `traceparent` of W3C Trace Context: `<version>-<trace>-<span>-<flags>` in lower-case hexadecimal. Versions after 00
 * may append fields. It identifies a trace and holds nothing else.
 */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The only flag that version 00 defines. */
const SAMPLED = 1

/** Returns the header in version 00, or null if absent or malformed. Later versions are read as 00, as W3C asks. */
export const readTraceparent = (text: string | undefined): string | null => {
  const [, version, traceId, spanId, flags = '', more] = TRACEPARENT.exec(text ?? '') ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return null
  return `00-${traceId}-${spanId}-0${Number.parseInt(flags, 16) & SAMPLED}`
}

/**
 * A Hono app without routes. Emits every request, and answers every error as `application/problem+json`.
 *
 * @param notFound detail of the 404 for an unknown address
 */
export const createFrame = (deps: FrameDeps, notFound: Words): Hono<ApiEnv> => {
  const app = new Hono<ApiEnv>()
  const refuseMethod = methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(', ')
      return sendProblem(c, {
        code: 'method_not_allowed',
        detail: { en: `This address supports ${allow}.`, zh: `该地址支持的方法：${methods.join('、')}。` },
        headers: { allow },
      })
    },
  })
  // Outermost, so that it sees the final response. Without tracing it is left out, to save a middleware.
  if (deps.tracer) app.use(createRequestSpan(deps.tracer))
  app.use(createRequestLog(deps, refuseMethod))
  app.onError((error, c) => sendError(c, error))
  app.notFound(c =>
    sendProblem(c, { code: 'not_found', detail: c.req.path.startsWith('//') ? DOUBLE_SLASH : notFound }),
  )
  return app
}
