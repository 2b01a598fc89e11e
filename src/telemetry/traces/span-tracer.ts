import {
  type Tracer as ApiTracer,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api'
import { originOf } from '../../core/origin.ts'

/** Named by OpenTelemetry's conventions. No value holds a serial, a secret, a score, a query or a partner's URL. */
type Attributes = Readonly<Record<string, string | number>>

/** End of a span. `error` names the failure, from a small set of words; null: none. */
export interface SpanEnd {
  attributes: Attributes
  error: string | null
}

/** An outgoing call. */
interface OutgoingCall {
  method: string
  /** The called operation, from a small set of words. */
  target: string
  url: string
  /** The `traceparent` of each registration that the call is made for. */
  origins: readonly string[]
  attributes: Attributes
}

export type Tracer = ReturnType<typeof createSpanTracer>

/** Replaces the path of a URL and everything after it. */
const REDACTED = '/REDACTED'
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** @param traceparent one of ours: it is not checked again */
const contextOf = (traceparent: string): SpanContext => {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`

const addressOf = (url: URL) => {
  const { hostname, port } = originOf(url)
  return { 'url.full': url.origin + REDACTED, 'server.address': hostname, 'server.port': port }
}

const end = (span: Span, { attributes, error }: SpanEnd): void => {
  span.setAttributes(attributes)
  if (error !== null) {
    span.setAttribute('error.type', error)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

/**
 * Makes spans by the HTTP conventions. It costs the caller some microseconds, and never throws, waits or fails. A call
 * is a trace of its own, with links to its registrations.
 */
export const createSpanTracer = (spans: ApiTracer) => ({
  /**
   * Begins a trace with the span of an incoming request. A span without an end is not sent.
   *
   * @param caller the caller's span as a `traceparent`, to link to; null if it has none
   * @returns `traceparent`: stored with everything that results from the request; `end`: takes the pattern of its path
   *   as `route`
   */
  request: (method: string, caller: string | null) => {
    const isKnown = METHODS.has(method)
    const name = isKnown ? method : 'HTTP'
    const attributes = {
      'http.request.method': isKnown ? method : '_OTHER',
      'url.scheme': 'http',
      'url.path': REDACTED,
    }
    // Not a child of the caller's span: the caller's trace id and flag would decide what is sampled.
    const links = caller ? [{ context: contextOf(caller) }] : []
    const span = spans.startSpan(name, { kind: SpanKind.SERVER, attributes, links }, ROOT_CONTEXT)
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: ({ route, ...answered }: SpanEnd & { route: string }): void => {
        span.updateName(`${name} ${route}`)
        span.setAttribute('http.route', route)
        end(span, answered)
      },
    }
  },

  call: ({ method, target, url, origins, attributes }: OutgoingCall) => {
    // Registrations of one batch share a `traceparent`.
    const contexts = [...new Set(origins)].map(contextOf)
    const to = URL.parse(url)
    const span = spans.startSpan(
      `${method} ${target}`,
      {
        kind: SpanKind.CLIENT,
        links: contexts.map(context => ({ context })),
        attributes: { 'http.request.method': method, ...(to && addressOf(to)), ...attributes },
      },
      ROOT_CONTEXT,
    )
    return { end: (answered: SpanEnd): void => end(span, answered) }
  },
})
