import { SECOND } from '../core/duration.ts'
import { checkOptions, isFunction, isNumber, isOneOf, kindOfValue, optional, type Rule } from '../core/options.ts'
import { type Client, createCalls } from './client.ts'
import { pause } from './pause.ts'
import { createTransport, type TransportOptions } from './transport.ts'

export type { BatchResult, Client, EventFilter, NewRegistration, RegistrationFilter, Signalled } from './client.ts'
export { NotifierError, type NotifierErrorCode } from './error.ts'
export type { Pages } from './pages.ts'
export type * from './shapes.ts'

export interface ClientOptions {
  /** The service's URL, with the path if a proxy adds one, without `/v1`. May be undefined, as `process.env` has it: then an error says so. */
  baseUrl: string | undefined
  apiKey: string | undefined
  /** The global one unless given. */
  fetch?: typeof globalThis.fetch | undefined
  /** The limit of one try in ms; 30,000 unless given. */
  timeoutMs?: number | undefined
  /**
   * For how many ms a call is tried again after it failed first; 30,000 unless given, 0: never. It is after network errors,
   * timeouts, 429, 502, 503 and 504, with a growing random delay, and after `Retry-After` if that is no longer. `waitForVerdict`
   * goes on until its own limit. `rotateSigningSecret`, `resendExhausted` and `testCallback` are tried again only if the service
   * says that it did nothing.
   */
  retryForMs?: number | undefined
  /** How often a call is tried again at most; no limit unless given. */
  retries?: number | undefined
  /** Of the texts for people: what a `NotifierError` says, `explain`, why an attempt had no answer; `en` unless given. */
  language?: 'en' | 'zh' | undefined
}

const isBaseUrl: Rule = value => {
  const right = "must be the service's address, such as https://notifier.example"
  if (typeof value !== 'string' || value === '') return `${right}, and is ${kindOfValue(value)}`
  const url = URL.canParse(value) ? new URL(value) : null
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return `${right}: this one is no http: or https: URL`
  if (url.search || url.hash || url.username || url.password)
    return `${right}: with a path at most, without a user name, ? or #`
  return /\/v1\/*$/.test(url.pathname) ? `${right}: without /v1, which the client adds` : null
}

const isApiKey: Rule = value => {
  const right = 'must be the API key as it was shown, ifn_…'
  if (typeof value !== 'string' || value === '') return `${right}, and is ${kindOfValue(value)} (is API_KEY set?)`
  if (/^wh(sec|pk|sk)_/.test(value)) return `${right}: this one is the signing secret, which verifies webhooks`
  // fetch would show the key in its own error.
  return /^[\x21-\x7e]+$/.test(value) ? null : `${right}, with no spaces or other characters`
}

type Checked = ClientOptions & Pick<TransportOptions, 'baseUrl' | 'apiKey'>

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1
const RULES: Readonly<Record<keyof ClientOptions, Rule>> = {
  baseUrl: isBaseUrl,
  apiKey: isApiKey,
  fetch: optional(isFunction),
  timeoutMs: optional(isNumber(1, LONGEST_TIMEOUT_MS)),
  retryForMs: optional(isNumber(0, LONGEST_TIMEOUT_MS)),
  retries: optional(isNumber(0, 100, { whole: true })),
  language: optional(isOneOf('en', 'zh')),
}

/**
 * A client for one partner's key. It needs nothing but `fetch`.
 *
 * Throws a `TypeError` that names the option that is not right.
 */
export const createClient = (options: ClientOptions): Client => {
  checkOptions('createClient', options, RULES)
  const { baseUrl, apiKey, fetch, timeoutMs, retryForMs, retries, language } = options as Checked
  const elapsed = () => performance.now()
  return createCalls({
    request: createTransport({
      baseUrl,
      apiKey,
      fetch: fetch ?? ((...call) => globalThis.fetch(...call)),
      timeoutMs: timeoutMs ?? 30 * SECOND,
      retryForMs: retryForMs ?? 30 * SECOND,
      retries: retries ?? Number.POSITIVE_INFINITY,
      language: language ?? 'en',
      now: Date.now,
      elapsed,
      pause,
      random: Math.random,
    }),
    elapsed,
  })
}
