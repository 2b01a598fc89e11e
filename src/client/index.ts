import { SECOND } from '../core/duration.ts'
import { type Client, createCalls } from './client.ts'
import { createTransport, type TransportOptions } from './transport.ts'

export type { BatchResult, Client, NewRegistration, RegistrationFilter, Signalled } from './client.ts'
export { NotifierError, type NotifierErrorCode } from './error.ts'
export type { Pages } from './pages.ts'
export type * from './shapes.ts'

export interface ClientOptions extends Pick<TransportOptions, 'baseUrl' | 'apiKey'> {
  /** The global one unless given. */
  fetch?: typeof globalThis.fetch | undefined
  /** The limit of one try in ms; 30,000 unless given. */
  timeoutMs?: number | undefined
  /**
   * How often a call is tried again; 3 unless given. It is after network errors, timeouts, 429, 502, 503 and 504, with a
   * growing random delay and after `Retry-After` if that is 30 s at most. `rotateSigningSecret`, `resendExhausted` and
   * `testCallback` are tried again only if the service says that it did nothing.
   */
  retries?: number | undefined
}

/**
 * A client for one partner's key. It needs nothing but `fetch`.
 *
 * Throws a `TypeError` if the URL or the key is malformed.
 */
export const createClient = ({ baseUrl, apiKey, fetch, timeoutMs, retries }: ClientOptions): Client =>
  createCalls({
    request: createTransport({
      baseUrl,
      apiKey,
      fetch: fetch ?? ((...call) => globalThis.fetch(...call)),
      timeoutMs: timeoutMs ?? 30 * SECOND,
      retries: retries ?? 3,
      now: Date.now,
      random: Math.random,
    }),
    now: () => performance.now(),
  })
