import type { CallbackUrl, UrlPolicy } from '../core/callback-url.ts'
import type { ExchangeEnd } from '../http-client/connection.ts'
import { writeRequest } from '../http-client/request.ts'
import { createConnect } from './connect.ts'
import { createLanes } from './lanes.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { createNameResolver, type NameResolver } from './resolve.ts'
import { createUrlJudge } from './url-judge.ts'

/** One POST. `headers` has all but `host`, `content-length` and `user-agent`; `body` is sent as it is. */
export interface Attempt {
  partnerId: string
  url: string
  headers: Readonly<Record<string, string>>
  body: Buffer | string
}

/** `durationMs` counts from when a connection was free for it: DNS, connect, headers and body together. */
export type SendResult = Outcome & { durationMs: number }

export interface Sender {
  /**
   * Sends once and never rejects, whatever a receiver does. The URL and every address it leads to are judged anew.
   * Where an idle connection turns out to have been closed, the same bytes go out once more on a fresh one.
   */
  send(attempt: Attempt): Promise<SendResult>
  /** Ends attempts under way as failed (`local`); let them finish before. */
  close(): Promise<void>
}

const CLOSED: SendResult = { kind: 'failed', error: 'local', detail: 'closed', durationMs: 0 }

/**
 * @param deps.timeoutMs limit of one attempt
 * @param deps.proxy URL of an egress proxy, or null; the environment's proxy settings have no effect
 * @param deps.resolver the system's name servers if missing; closed with the sender
 * @param deps.connectionsPerHost most connections of one partner to one origin; further attempts wait
 * @param deps.now ms of a clock that never jumps
 */
export const createSender = (deps: {
  timeoutMs: number
  policy: UrlPolicy
  proxy: string | null
  userAgent: string
  resolver?: NameResolver
  connectionsPerHost: number
  now: () => number
}): Sender => {
  const { timeoutMs, policy, userAgent, now } = deps
  const resolver = deps.resolver ?? createNameResolver({ now })
  const proxy = deps.proxy === null ? null : new URL(deps.proxy)
  const connect = createConnect({ allowed: policy.allowed, resolver, proxy })
  const lanes = createLanes({ connect, now, perOrigin: deps.connectionsPerHost })
  const judge = createUrlJudge(policy)
  let isClosed = false

  const requestOf = ({ headers, body }: Attempt, { path, host }: CallbackUrl): Buffer => {
    const flat = ['user-agent', userAgent]
    for (const name in headers) flat.push(name, headers[name] as string)
    return writeRequest({ method: 'POST', path, host, headers: flat, body })
  }

  const exchange = (attempt: Attempt, url: CallbackUrl, resolve: (result: SendResult) => void) =>
    lanes.acquire(attempt.partnerId, url, lane => {
      if (lane === null) return resolve(CLOSED)
      const startedAt = now()
      const request = requestOf(attempt, url)
      const finish = (end: ExchangeEnd) => resolve({ ...outcomeOf(end), durationMs: Math.round(now() - startedAt) })
      lane.run(request, timeoutMs, end => {
        if (!end.isStale || isClosed) return finish(end)
        const leftMs = Math.max(1, timeoutMs - (now() - startedAt))
        lanes.open(attempt.partnerId, url).run(request, leftMs, finish)
      })
    })

  return {
    send: attempt => {
      if (isClosed) return Promise.resolve(CLOSED)
      const verdict = judge(attempt.url)
      if (verdict.ok) return new Promise(resolve => exchange(attempt, verdict.url, resolve))
      const isBlocked = verdict.refusal === 'address' || verdict.refusal === 'special_use'
      return Promise.resolve({
        kind: 'failed',
        error: isBlocked ? 'blocked' : 'url',
        detail: verdict.refusal,
        durationMs: 0,
      })
    },
    close: async () => {
      isClosed = true
      resolver.close()
      lanes.close()
    },
  }
}
