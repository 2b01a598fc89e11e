import {
  type Tracer as ApiTracer,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { originOf } from '../../core/origin.ts'

/** By the names of OpenTelemetry's conventions. No value holds a serial, a secret, a score, a query or a partner's URL. */
type Attributes = Readonly<Record<string, string | number>>

/** How it ended. `error` names what went wrong, from a small set of words; null: nothing. */
export interface SpanEnd {
  attributes: Attributes
  error: string | null
}

/** A call that we make. */
interface Call {
  method: string
  /** What is called, from a small set of words. */
  target: string
  url: string
  /** The `traceparent` of each registration that the call is made for. */
  origins: readonly string[]
  attributes: Attributes
}

export type Tracer = ReturnType<typeof createSpanTracer>

/** Stands for the path of a URL and all that follows it. */
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

const within = (parent: SpanContext | null) => (parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT)

/**
 * Makes spans by the HTTP conventions. It costs the caller some microseconds, and never throws, waits or fails.
 *
 * @param story how a call belongs to the registrations that it is made for: as a trace of its own with links to them, or as a
 *   child of the first of them
 */
export const createSpanTracer = (spans: ApiTracer, story: 'link' | 'parent') => ({
  /**
   * Begins the span of a request that we answer, and a trace. Without an end it is not sent.
   *
   * @param caller the caller's span as a `traceparent`, which is linked to; null: it has none
   * @returns `traceparent`: what is stored with all that comes of the request; `route`: the pattern of its path
   */
  request: (method: string, caller: string | null) => {
    const isKnown = METHODS.has(method)
    const name = isKnown ? method : 'HTTP'
    const attributes = {
      'http.request.method': isKnown ? method : '_OTHER',
      'url.scheme': 'http',
      'url.path': REDACTED,
    }
    // Not a child of the caller's: its trace id and its flag would decide what is sampled.
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

  call: ({ method, target, url, origins, attributes }: Call) => {
    // Those of one batch have the same.
    const contexts = [...new Set(origins)].map(contextOf)
    const parent = (story === 'parent' && contexts.shift()) || null
    const to = URL.parse(url)
    const span = spans.startSpan(
      `${method} ${target}`,
      {
        kind: SpanKind.CLIENT,
        links: contexts.map(context => ({ context })),
        attributes: { 'http.request.method': method, ...(to && addressOf(to)), ...attributes },
      },
      within(parent),
    )
    return { end: (answered: SpanEnd): void => end(span, answered) }
  },
})
