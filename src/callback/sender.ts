import type { CallbackUrl, UrlPolicy } from '../core/callback-url.ts'
import type { Clock } from '../core/clock.ts'
import { openClient, SHORT_ANSWER } from '../http-client/client.ts'
import { createGuardedConnect, createUrlJudge } from './guard.ts'
import { EXCERPT_BYTES, type Outcome, outcomeOf } from './outcome.ts'
import { type NameResolver, openNameResolver } from './resolve.ts'

/** One POST. `headers` has all but `host`, `content-length` and `user-agent`; `body` is sent as it is. */
export interface Outgoing {
  partnerId: string
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Asked just before the bytes leave; false: they do not, and the attempt ends as `local`. */
  mayStillSend?: () => boolean
  /** The trace of the registration, for our own spans: it is not sent. */
  traceparent?: string | null
}

/**
 * `durationMs`: all of it, DNS, connecting, headers and body. `isInside`: the URL leads to the networks
 * that the operator has allowed, and nowhere else.
 */
export type SendResult = Outcome & { durationMs: number; isInside?: boolean }

export type Sender = ReturnType<typeof openSender>

/**
 * @param deps.timeoutMs limit of one attempt
 * @param deps.proxy the URL of an egress proxy, or null; the environment's proxy settings have no effect
 * @param deps.resolver the system's name servers if missing; closed with the sender
 */
export const openSender = (deps: {
  timeoutMs: number
  policy: UrlPolicy
  proxy: string | null
  userAgent: string
  resolver?: NameResolver
  clock: Clock
}) => {
  const { timeoutMs, policy, userAgent, clock } = deps
  const resolver = deps.resolver ?? openNameResolver({ clock })
  const proxy = deps.proxy === null ? null : new URL(deps.proxy)
  const guard = createGuardedConnect({ allowed: policy.allowed, resolver, proxy })
  const client = openClient({
    connect: guard.connect,
    limits: { ...SHORT_ANSWER, keptBytes: EXCERPT_BYTES },
    // A webhook that comes twice has the same id.
    retries: 'unanswered',
    clock,
  })
  const judge = createUrlJudge(policy)

  const post = async ({ partnerId, headers, body, mayStillSend }: Outgoing, url: CallbackUrl): Promise<SendResult> => {
    const startedAt = clock.monotonic()
    const flat = ['user-agent', userAgent]
    for (const name in headers) flat.push(name, headers[name] as string)
    // Partners share no connections, not even to one origin: what one did to a connection must not harm another.
    const to = { key: `${partnerId} ${url.origin}`, origin: url }
    const request = { method: 'POST', path: url.path, headers: flat, body } as const
    const exchange = await client.send(to, mayStillSend ? { ...request, mayWrite: mayStillSend } : request, timeoutMs)
    const outcome = outcomeOf(exchange)
    const durationMs = Math.round(clock.monotonic() - startedAt)
    if (outcome.kind === 'answered') return { ...outcome, durationMs }
    return { ...outcome, durationMs, isInside: guard.leadsInside(url) }
  }

  return {
    /**
     * Sends once and never rejects, whatever a receiver does. The URL and every address it leads to are judged anew. If the
     * receiver turns out to have closed a reused connection, the same bytes go out once more on a fresh one.
     */
    send: async (outgoing: Outgoing): Promise<SendResult> => {
      const verdict = judge(outgoing.url)
      if (verdict.ok) return post(outgoing, verdict.url)
      const error = verdict.refusal === 'address' || verdict.refusal === 'special_use' ? 'blocked' : 'url'
      return { kind: 'failed', error, detail: verdict.refusal, durationMs: 0 }
    },
    /** Attempts under way end as failed (`local`); let them finish before. */
    close: (): void => {
      resolver.close()
      client.close()
    },
  }
}
