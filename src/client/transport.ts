import { SECOND } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { NotifierError, readAnswer } from './error.ts'
import { abortable, type pause } from './pause.ts'

export interface ClientOptions {
  /**
   * The service's URL, with the path if a proxy adds one, without `/v1`. May be undefined, as in `process.env`: the
   * error says so.
   */
  baseUrl: string | undefined
  apiKey: string | undefined
  /** The global one unless given. */
  fetch?: typeof globalThis.fetch | undefined
  /** The time limit of one try in ms; 30,000 unless given. */
  timeoutMs?: number | undefined
  /**
   * How long a call is tried again after its first failure, in ms; 30,000 unless given, 0: never. It is tried again
   * after network errors, timeouts, 408, 429, 502, 503 and 504, with a growing random delay, and after `Retry-After` if
   * that is no longer. `waitForVerdict` goes on until its own limit. `rotateSigningSecret`, `resendExhausted`,
   * `testCallback` and `testContact` are tried again only if the service says that it did nothing.
   */
  retryForMs?: number | undefined
  /** How often a call is tried again at most; no limit unless given. */
  retries?: number | undefined
  /**
   * The language of texts for people: messages of `NotifierError`, `explain`, errors of attempts; `en` unless given.
   */
  language?: 'en' | 'zh' | undefined
}

/** All options, with the sources of time and randomness. */
export interface TransportOptions extends Given<ClientOptions> {
  /** Epoch ms. */
  now: () => number
  /** Ms of a clock that never jumps. */
  elapsed: () => number
  pause: typeof pause
  /** In [0, 1). */
  random: () => number
}
type Given<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> }

export interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Readonly<Record<string, string | number | Date | undefined>>
  body?: unknown
  headers?: Readonly<Record<string, string>> | undefined
  signal?: AbortSignal | undefined
  /** Additional time for the service, beyond the limit of a try. */
  waitMs?: number
  /** By `elapsed`: the service should answer by then, and the call is tried again until then. */
  waitUntil?: number
  /** Repeating it does harm, so it is tried again only if the service says that it did nothing. */
  isOnce?: true
}

/** Resolves with the JSON of the response. Rejects with a `NotifierError`, or with the reason of `signal`. */
export type Transport = <Answer>(call: ApiCall) => Promise<Answer>

const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 8 * SECOND
/** Proxies often cut connections that are silent for a minute. */
const MAX_WAIT_MS = 30 * SECOND

export const createTransport = (options: TransportOptions): Transport => {
  const { retries, retryForMs, now, elapsed, random, language } = options
  const base = new URL(options.baseUrl.replace(/\/*$/, '/'))
  const authorization = `Bearer ${options.apiKey}`

  const urlOf = ({ path, query = {} }: ApiCall): URL => {
    const url = new URL(path, base)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value))
    return url
  }

  const headersOf = ({ body, headers }: ApiCall): Record<string, string> => ({
    'accept-language': language,
    ...headers,
    authorization,
    accept: 'application/json, application/problem+json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  })

  const attempt = async (call: ApiCall): Promise<unknown> => {
    const limitMs = options.timeoutMs + (call.waitMs ?? 0)
    const limit = abortable(limitMs, call.signal)
    try {
      const response = await options.fetch(urlOf(call), {
        method: call.method,
        headers: headersOf(call),
        // A redirect must not take the key elsewhere.
        redirect: 'manual',
        signal: limit.signal,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      })
      const received = { status: response.status, headers: response.headers, text: await response.text() }
      return readAnswer(received, { now: now(), language })
    } catch (cause) {
      call.signal?.throwIfAborted()
      if (cause instanceof NotifierError) throw cause
      throw limit.signal.aborted
        ? new NotifierError('timeout', late(limitMs)[language], { cause })
        : new NotifierError('network', unreachable(describe(cause))[language], { cause })
    } finally {
      limit.end()
    }
  }

  return async <Answer>(call: ApiCall): Promise<Answer> => {
    call.signal?.throwIfAborted()
    let endsAt = call.waitUntil
    for (let tries = 0; ; tries++) {
      try {
        return (await attempt(
          call.waitUntil === undefined ? call : waiting(call, call.waitUntil - elapsed()),
        )) as Answer
      } catch (error) {
        if (!(error instanceof NotifierError)) throw error
        endsAt ??= elapsed() + retryForMs
        const leftMs = tries < retries ? endsAt - elapsed() : 0
        const delayMs = delayAfter(error, { isOnce: call.isOnce ?? false, leftMs, tries, random })
        if (delayMs === null) throw error
        await options.pause(delayMs, call.signal)
      }
    }
  }
}

const waiting = (call: ApiCall, leftMs: number): ApiCall => {
  const waitMs = Math.ceil(Math.max(0, Math.min(MAX_WAIT_MS, leftMs)))
  return { ...call, waitMs, query: { wait: `${waitMs}ms` } }
}

const late = (ms: number): Words => ({ en: `No answer within ${ms} ms`, zh: `${ms} 毫秒内没有响应` })
const unreachable = (why: string): Words => ({
  en: `The service could not be reached: ${why}`,
  zh: `无法连接服务：${why}`,
})

/** 408: the service was blocked while the request arrived, and has not read it. The others come from proxies. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 502, 503, 504])
/**
 * Returns the delay before the next try, or null if there is none. Full jitter under a ceiling that doubles, so that
 * clients spread. The last try is at the end of the time, and a longer `Retry-After` is left to the caller.
 */
const delayAfter = (
  error: NotifierError,
  { isOnce, leftMs, tries, random }: { isOnce: boolean; leftMs: number; tries: number; random: () => number },
): number | null => {
  const { status, problem } = error
  const notDone = status === 429 || (status === 503 && problem !== null)
  const mayHelp = notDone || status === null || MAY_PASS.has(status)
  const retryAfterMs = error.retryAfterMs ?? 0
  if (!mayHelp || (isOnce && !notDone) || leftMs <= 0 || retryAfterMs > leftMs) return null
  return Math.min(leftMs, retryAfterMs + random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries))
}

/** fetch only says "fetch failed"; its cause says more. */
export const describe = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = codeOf(cause)
  return typeof code === 'string' ? code : String(cause)
}
