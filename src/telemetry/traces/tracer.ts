import type { SdkOptions } from './sdk.ts'

/** By the names of OpenTelemetry's conventions. No value holds a serial, a secret, a score, a query or a partner's URL. */
type Attributes = Readonly<Record<string, string | number>>

/** How it ended. `error` names what went wrong, from a small set of words; null: nothing. */
export interface SpanEnd {
  attributes: Attributes
  error: string | null
}

/** Makes spans. It costs the caller some microseconds, and never throws, waits or fails. */
export interface Tracer {
  /**
   * Begins the span of a request that we answer, and a trace. Without an end it is not sent.
   *
   * @param caller the caller's span as a `traceparent`, which is linked to; null: it has none
   * @returns `traceparent`: what is stored with all that comes of the request; `route`: the pattern of its path
   */
  request(
    method: string,
    caller: string | null,
  ): { traceparent: string; end(answered: SpanEnd & { route: string }): void }
  /**
   * Begins the span of a call that we make.
   *
   * @param call.target what is called, from a small set of words
   * @param call.origins the `traceparent` of each registration that the call is made for
   */
  call(call: { method: string; target: string; url: string; origins: readonly string[]; attributes: Attributes }): {
    end(answered: SpanEnd): void
  }
}

/** Where spans go. */
export interface Traces {
  tracer: Tracer
  /** Sends what there is, for so long at most; what has not been sent by then is lost. */
  close(withinMs: number): Promise<void>
}

/** As the settings name them. */
interface TraceSettings extends Omit<SdkOptions, 'endpoint'> {
  /** Null: there are no traces. */
  endpoint: string | null
  disabled: boolean
}

/** Null, and nothing of OpenTelemetry is loaded, unless there is an endpoint. */
export const openTraces = async ({ endpoint, disabled, ...options }: TraceSettings): Promise<Traces | null> => {
  if (endpoint === null || disabled) return null
  const { openSdk } = await import('./sdk.ts')
  return openSdk({ ...options, endpoint })
}
