import { hash } from 'node:crypto'
import type { Answer } from '../core/answer.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { originOf } from '../core/origin.ts'
import { readHttpDate } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import { openClient } from '../http-client/client.ts'
import { answerOf, UPSTREAM_LIMITS } from './reply.ts'

/** `passwordMode`: `static` sends the key itself as the password, `dynamic` an md5 of the key and the time. */
export interface UpstreamAccount {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
}

export type Upstream = ReturnType<typeof openUpstream>

/** Smaller differences are noise: a `Date` header has whole seconds and was in transit. */
const SKEW_TOLERANCE_MS = 5 * SECOND

/**
 * @param deps.url the GetResult endpoint
 * @param deps.timeoutMs limit of one call, connecting and body included
 */
export const openUpstream = (deps: {
  url: string
  method: 'POST' | 'GET'
  timeoutMs: number
  userAgent: string
  clock: Clock
}) => {
  const { method, timeoutMs, clock } = deps
  const { now } = clock
  const url = new URL(deps.url)
  const origin = originOf(url)
  const path = url.pathname + url.search
  const queryStart = path + (url.search ? '&' : '?')
  const headers =
    method === 'POST'
      ? ['user-agent', deps.userAgent, 'content-type', 'application/x-www-form-urlencoded']
      : ['user-agent', deps.userAgent]

  // A request is not repeated once a byte of it was sent: upstream may have counted it.
  const client = openClient({ limits: UPSTREAM_LIMITS, retries: 'unsent', clock })
  const skews = new Map<string, number>()
  /** Upstream's lead over our clock in signatures for this account, in ms; 0 until upstream refuses our time. */
  const skewMs = (accountId: string): number => skews.get(accountId) ?? 0
  /** Upstream's time minus the monotonic clock. */
  let offset: number | null = null

  const formOf = (account: UpstreamAccount, idcardid: string): string => {
    const apiKey = account.apiKey.reveal()
    const start = `account=${encodeURIComponent(account.apiId)}&idcardid=${encodeURIComponent(idcardid)}&password=`
    if (account.passwordMode === 'static') return start + encodeURIComponent(apiKey)
    const time = Math.floor((now() + skewMs(account.id)) / SECOND)
    return `${start}${dynamicPassword({ apiId: account.apiId, apiKey, time })}&time=${time}`
  }

  /** Returns the answer and the response's `Date`. */
  const call = async (account: UpstreamAccount, idcardid: string) => {
    const form = formOf(account, idcardid)
    const parts = method === 'POST' ? { path, body: form } : { path: queryStart + form, body: null }
    const exchange = await client.send({ key: account.id, origin }, { method, headers, ...parts }, timeoutMs)
    const date = exchange.head?.status === 200 ? readHttpDate(exchange.head.headers.get('date') ?? null) : null
    // `Date` drops the fraction of a second: half a second on average.
    if (date !== null) offset = date + SECOND / 2 - clock.monotonic()
    return { answer: answerOf(exchange, now() + skewMs(account.id)), date }
  }

  /** Repeats a refused call with the time from the refusal's `Date`. */
  const retryWithCorrectedClock = async (
    account: UpstreamAccount,
    idcardid: string,
    date: number | null,
  ): Promise<Answer> => {
    const before = skewMs(account.id)
    const learnt = (date ?? 0) - now()
    if (date !== null && Math.abs(learnt - before) > SKEW_TOLERANCE_MS) skews.set(account.id, learnt)
    const { answer } = await call(account, idcardid)
    // A correction that did not help may come from a false `Date`: the next call must start from the previous skew.
    if (answer.kind === 'clock') skews.set(account.id, before)
    return answer
  }

  let isClosed = false

  /**
   * Calls GetResult for a serial. Every failure of upstream is an `Answer`; throws only for bugs, such as a call after
   * `close`. Never returns the kind `clock`: after a refused signature it repeats the call once with the clock
   * corrected by the response's `Date`; a second refusal is an account fault (`clock` or `password_refused`).
   */
  const ask = async (account: UpstreamAccount, idcardid: string): Promise<Answer> => {
    if (isClosed) throw new Error('asked GetResult after close')
    const { answer: first, date } = await call(account, idcardid)
    // A static password does not depend on the time: a repeated request would be refused again.
    const isRenewed = first.kind === 'clock' && account.passwordMode === 'dynamic'
    const answer = isRenewed ? await retryWithCorrectedClock(account, idcardid, date) : first
    if (answer.kind !== 'clock') return answer
    return { kind: 'account', code: answer.code, fault: answer.code === 40501 ? 'clock' : 'password_refused' }
  }

  return {
    ask,
    skewMs,
    /**
     * Upstream's lead over our clock by the last `Date` of a 200 response, in ms, accurate to a second; null if there
     * was none. Includes steps of our clock since then.
     */
    clockAheadMs: (): number | null => (offset === null ? null : Math.round(offset + clock.monotonic() - now())),
    /** Calls in flight end as `unreachable`, so let them finish first. */
    close: () => {
      isClosed = true
      client.close()
    },
  }
}

/**
 * GetResult's dynamic password: lower-case hex `md5(apiId + apiKey + 'idface' + time)`, UTF-8, without separators. The
 * vendor's formula has a name and an ID number between `idface` and the time; both are empty for this call.
 *
 * @param time Unix seconds, equal to the request's `time`
 */
export const dynamicPassword = ({ apiId, apiKey, time }: { apiId: string; apiKey: string; time: number }): string =>
  hash('md5', `${apiId}${apiKey}idface${time}`)
