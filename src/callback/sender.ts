import { setNewest } from '../core/bounded-map.ts'
import type { CallbackUrl, UrlPolicy } from '../core/callback-url.ts'
import type { Clock } from '../core/clock.ts'
import { openClient, SHORT_ANSWER } from '../http-client/client.ts'
import { createGuardedConnect, createUrlJudge } from './guard.ts'
import { EXCERPT_BYTES, type Outcome, outcomeOf } from './outcome.ts'
import { type NameResolver, openNameResolver } from './resolve.ts'

/** One POST. `headers` lacks `host`, `content-length` and `user-agent`; `body` is sent unchanged. */
export interface Outgoing {
  partnerId: string
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Called just before the bytes are written; false: nothing is sent, and the attempt fails as `local`. */
  mayStillSend?: () => boolean
  /** Trace of the registration, for our own spans; not sent. */
  traceparent?: string | null
}

/**
 * `durationMs`: total of DNS, connecting, headers and body. `isInside`: the URL has led only to networks that the
 * operator has allowed.
 */
export type SendResult = Outcome & { durationMs: number; isInside?: boolean }

export type Sender = ReturnType<typeof openSender>

/** Maximum number of hosts whose certificates are known. */
const MAX_CERTIFICATES = 10_000

/**
 * @param deps.timeoutMs limit of one attempt
 * @param deps.proxy URL of an egress proxy, or null; proxy settings of the environment have no effect
 * @param deps.resolver uses the system's name servers by default; closed with the sender
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
  const certificateEnds = new Map<string, number>()
  const client = openClient({
    connect: guard.connect,
    limits: { ...SHORT_ANSWER, keptBytes: EXCERPT_BYTES },
    // Safe: a repeated webhook has the same id.
    retries: 'unanswered',
    clock,
    onCertificate: (host, endsAt) => setNewest(certificateEnds, MAX_CERTIFICATES, [host, endsAt]),
  })
  const judge = createUrlJudge(policy)

  const post = async ({ partnerId, headers, body, mayStillSend }: Outgoing, url: CallbackUrl): Promise<SendResult> => {
    const startedAt = clock.monotonic()
    const flat = ['user-agent', userAgent]
    for (const name in headers) flat.push(name, headers[name] as string)
    // Partners share no connections, not even to one origin: a partner must not be able to harm another's connection.
    const to = { key: `${partnerId} ${url.origin}`, origin: url }
    const request = { method: 'POST', path: url.path, headers: flat, body } as const
    const exchange = await client.send(to, mayStillSend ? { ...request, mayWrite: mayStillSend } : request, timeoutMs)
    const outcome = outcomeOf(exchange)
    const durationMs = Math.round(clock.monotonic() - startedAt)
    if (outcome.kind === 'answered') return { ...outcome, durationMs }
    return { ...outcome, durationMs, isInside: guard.leadsInside(url) }
  }

  return {
    /** When the last certificate of each host ends (epoch ms). */
    certificateEnds: certificateEnds as ReadonlyMap<string, number>,
    /**
     * Sends once and never rejects. Judges the URL on every call, and its addresses for every new connection. If the
     * receiver has closed a reused connection, the same bytes are sent once more on a new one.
     */
    send: async (outgoing: Outgoing): Promise<SendResult> => {
      const verdict = judge(outgoing.url)
      if (verdict.ok) return post(outgoing, verdict.url)
      const error = verdict.refusal === 'address' || verdict.refusal === 'special_use' ? 'blocked' : 'url'
      return { kind: 'failed', error, detail: verdict.refusal, durationMs: 0 }
    },
    /** Attempts in flight fail as `local`, so let them finish first. */
    close: (): void => {
      resolver.close()
      client.close()
    },
  }
}
