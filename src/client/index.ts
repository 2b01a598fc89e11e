import { SECOND } from '../core/duration.ts'
import { checkOptions, isFunction, isNumber, isOneOf, kindOfValue, optional, type Rule } from '../core/options.ts'
import { type Client, createCalls } from './client.ts'
import { pause } from './pause.ts'
import { type ClientOptions, createTransport, type TransportOptions } from './transport.ts'

export type { BatchResult, Client, NewRegistration, Signalled } from './client.ts'
export { NotifierError, type NotifierErrorCode } from './error.ts'
export type { EventFilter, HistorySpan, RegistrationFilter } from './filters.ts'
export type { Pages } from './pages.ts'
export * from './shapes.ts'
export type { ClientOptions } from './transport.ts'

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

const MAX_TIMEOUT_MS = 2 ** 31 - 1
const RULES: Readonly<Record<keyof ClientOptions, Rule>> = {
  baseUrl: isBaseUrl,
  apiKey: isApiKey,
  fetch: optional(isFunction),
  timeoutMs: optional(isNumber(1, MAX_TIMEOUT_MS)),
  retryForMs: optional(isNumber(0, MAX_TIMEOUT_MS)),
  retries: optional(isNumber(0, 100, { whole: true })),
  language: optional(isOneOf('en', 'zh')),
}

/**
 * A client for one partner's key. It needs nothing but `fetch`.
 *
 * Throws a `TypeError` that names the invalid option.
 */
export const createClient = (options: ClientOptions): Client => {
  checkOptions('createClient', options, RULES)
  const { baseUrl, apiKey } = options as Pick<TransportOptions, 'baseUrl' | 'apiKey'>
  const { timeoutMs = 30 * SECOND, retryForMs = 30 * SECOND, retries = Number.POSITIVE_INFINITY } = options
  const { language = 'en', fetch = (...call) => globalThis.fetch(...call) } = options
  const given = { baseUrl, apiKey, fetch, timeoutMs, retryForMs, retries, language }
  const elapsed = () => performance.now()
  const request = createTransport({ ...given, now: Date.now, elapsed, pause, random: Math.random })
  return createCalls({ request, elapsed })
}
