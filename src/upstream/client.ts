import { type Answer, readAnswer } from '../core/answer.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { dynamicPassword } from '../core/password.ts'
import { readHttpDate, readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import { createPool, type Pool } from '../http-client/pool.ts'
import { writeRequest } from '../http-client/request.ts'
import { createTicker } from '../http-client/ticker.ts'
import { createUpstreamConnect } from './connect.ts'
import { exchange, type Reply, UPSTREAM_LIMITS } from './exchange.ts'
import { readBody } from './read-body.ts'

/** `static` sends the key itself as the password, `dynamic` an md5 of it and the time. */
export interface UpstreamAccount {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
}

export interface Upstream {
  /**
   * Asks GetResult once about a serial. Whatever upstream does is an `Answer`; it throws for bugs only, such as asking
   * after `close`. The kind `clock` never comes out: a refused signature is renewed once, with the clock corrected by
   * the response's `Date`, and if that is refused too the answer is an account fault (`clock` or `password_refused`).
   */
  ask(account: UpstreamAccount, idcardid: string): Promise<Answer>
  /** What is added to our clock when signing for this account, in ms; 0 until upstream refused our time. */
  skewMs(accountId: string): number
  /** Ends when the calls in flight have ended. */
  close(): Promise<void>
}

/** A `Date` header has whole seconds and travelled: a smaller difference is noise. */
const SKEW_TOLERANCE_MS = 5 * SECOND
const MAX_RETRY_AFTER_MS = 10 * MINUTE

/** How often a call that is under way is looked after. */
const TICK_MS = 20

interface Line {
  readonly pool: Pool
  skewMs: number
}

/**
 * @param deps.url the GetResult endpoint
 * @param deps.timeoutMs limit of one call, connecting and body included
 * @param deps.concurrency connections per account; the caller keeps no more calls in flight, or signatures age in a queue
 * @param deps.now epoch ms
 */
export const createUpstream = (deps: {
  url: string
  method: 'POST' | 'GET'
  timeoutMs: number
  userAgent: string
  concurrency: number
  now: () => number
}): Upstream => {
  const { method, timeoutMs, now } = deps
  const url = new URL(deps.url)
  const { host, pathname, search } = url
  const path = pathname + search
  const queryStart = path + (search ? '&' : '?')
  const headers =
    method === 'POST'
      ? ['user-agent', deps.userAgent, 'content-type', 'application/x-www-form-urlencoded']
      : ['user-agent', deps.userAgent]

  const connect = createUpstreamConnect(url)
  const ticker = createTicker(TICK_MS)
  // A pool of its own for each account, so that one account's hanging calls hold up no other.
  const lines = new Map<string, Line>()
  const openLine = (accountId: string): Line => {
    const pool = createPool({
      open: connect,
      size: deps.concurrency,
      now: () => performance.now(),
      ticker,
      limits: UPSTREAM_LIMITS,
    })
    const line = { pool, skewMs: 0 }
    lines.set(accountId, line)
    return line
  }

  const formOf = (account: UpstreamAccount, idcardid: string, skewMs: number): string => {
    const apiKey = account.apiKey.reveal()
    const start = `account=${encodeURIComponent(account.apiId)}&idcardid=${encodeURIComponent(idcardid)}&password=`
    if (account.passwordMode === 'static') return start + encodeURIComponent(apiKey)
    const time = Math.floor((now() + skewMs) / SECOND)
    return `${start}${dynamicPassword({ apiId: account.apiId, apiKey, time })}&time=${time}`
  }

  const call = (line: Line, account: UpstreamAccount, idcardid: string): Promise<Reply> => {
    const form = formOf(account, idcardid, line.skewMs)
    const parts = method === 'POST' ? { path, body: form } : { path: queryStart + form, body: null }
    return exchange(line.pool, writeRequest({ method, host, headers, ...parts }), timeoutMs)
  }

  const judgeReply = (reply: Reply, skewMs: number): Answer => {
    if (reply.kind === 'failed') return { kind: 'transient', code: null, cause: reply.cause }
    if (reply.kind === 'body') {
      const fields = readBody(reply.body)
      return fields ? readAnswer(fields) : { kind: 'transient', code: null, cause: 'unparseable' }
    }
    // A date in Retry-After is by upstream's clock.
    const waitMs = readRetryAfter(reply.retryAfter, now() + skewMs)
    if (reply.status !== 429 && (reply.status !== 503 || waitMs === null))
      return { kind: 'transient', code: null, cause: 'http_status' }
    return {
      kind: 'throttled',
      code: null,
      retryAfterMs: waitMs === null ? null : Math.min(waitMs, MAX_RETRY_AFTER_MS),
    }
  }

  const learnSkew = (line: Line, reply: Reply): void => {
    const date = readHttpDate(reply.kind === 'body' ? reply.date : null)
    if (date === null) return
    const skewMs = date - now()
    if (Math.abs(skewMs - line.skewMs) > SKEW_TOLERANCE_MS) line.skewMs = skewMs
  }

  let closing: Promise<unknown> | null = null

  const ask = async (account: UpstreamAccount, idcardid: string): Promise<Answer> => {
    if (closing !== null) throw new Error('asked GetResult after close')
    const line = lines.get(account.id) ?? openLine(account.id)
    const reply = await call(line, account, idcardid)
    let answer = judgeReply(reply, line.skewMs)

    // A static password has no time in it: the same request again could only be refused again.
    if (answer.kind === 'clock' && account.passwordMode === 'dynamic') {
      const skewBefore = line.skewMs
      learnSkew(line, reply)
      answer = judgeReply(await call(line, account, idcardid), line.skewMs)
      // A correction that did not help may come from a bogus Date: the next try must start from what we had.
      if (answer.kind === 'clock') line.skewMs = skewBefore
    }
    if (answer.kind !== 'clock') return answer
    return { kind: 'account', code: answer.code, fault: answer.code === 40501 ? 'clock' : 'password_refused' }
  }

  return {
    ask,
    skewMs: accountId => lines.get(accountId)?.skewMs ?? 0,
    close: async () => {
      closing ??= Promise.all(Array.from(lines.values(), line => line.pool.close()))
      await closing
    },
  }
}
