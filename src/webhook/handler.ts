import { WebhookVerificationError, type WebhookVerificationErrorCode } from './error.ts'
import { isKnownType, type WebhookEvent } from './event.ts'
import { type Body, type NodeRequest, type NodeResponse, readNodeRequest, readRequest } from './request.ts'
import type { Verifier, Webhook, WebhookHeaders } from './verify-webhook.ts'

/**
 * Remembers the ids of processed webhooks for 30 days. A `Set` will do for a trial; otherwise use a table that all
 * processes share.
 *
 * `has` is called before `onEvent`, `add` after it and before the answer: a process that dies in between gets the
 * webhook again, so that none is lost, and `onEvent` may then run a second time. If it must not, write the id and
 * your own work in one transaction within `onEvent`, and give no `seen`.
 */
export interface Seen {
  has(id: string): boolean | Promise<boolean>
  add(id: string): unknown
}

interface Answer {
  status: 204 | 400 | 401 | 405 | 413 | 500
  /** Shown to the partner as `responseExcerpt` of the attempt. */
  text: string
}

export interface WebhookHandler {
  /** For Node. It never rejects. */
  (request: NodeRequest, response: NodeResponse, ...more: unknown[]): Promise<void>
  /** For Fetch. */
  (request: Request, ...more: unknown[]): Promise<Response>
}

/** Dependencies of the handler; `now` in epoch ms. */
interface HandlerDeps {
  verify: Verifier
  onEvent: (event: WebhookEvent) => unknown
  seen: Seen | undefined
  onError: (error: unknown) => unknown
  now: () => number
}

const PARSED =
  'webhookHandler: the body was read before, and only the received bytes can be verified: mount it before any body parser, or have ' +
  'the parser keep them, e.g. express.json({ verify: (request, _, rawBody) => { Object.assign(request, { rawBody }) } })'

/** Not a webhook at all: 400. A wrong signature or time is answered with 401. */
const MALFORMED: readonly WebhookVerificationErrorCode[] = ['missing_header', 'invalid_timestamp', 'invalid_payload']

/**
 * Longer than the service waits for a response. A run that takes longer may never end, as a call without a time limit.
 */
const MAX_RUN_MS = 60_000

export const createHandler = ({ verify, onEvent, seen, onError, now }: HandlerDeps): WebhookHandler => {
  const running = new Map<string, { handled: Promise<void>; startedAt: number }>()

  /**
   * Concurrent copies of a webhook, as after a timeout, are handled once and get the same result, unless the first
   * takes too long.
   */
  const handleOnce = (event: WebhookEvent): Promise<void> => {
    const handle = async () => {
      if (await seen?.has(event.id)) return
      await onEvent(event)
      await seen?.add(event.id)
    }
    const run = running.get(event.id)
    const startedAt = now()
    if (run && startedAt - run.startedAt < MAX_RUN_MS) return run.handled
    const handled = handle().finally(() => {
      if (running.get(event.id)?.handled === handled) running.delete(event.id)
    })
    running.set(event.id, { handled, startedAt })
    return handled
  }

  const receive = async (webhook: Webhook): Promise<Answer> => {
    try {
      const event = await verify(webhook, now())
      if (isKnownType(event.type)) await handleOnce(event)
      return { status: 204, text: '' }
    } catch (error) {
      await onError(error)
      if (!(error instanceof WebhookVerificationError)) return { status: 500, text: 'the receiver failed; see its log' }
      return { status: MALFORMED.includes(error.code) ? 400 : 401, text: `${error.code}: ${error.message}` }
    }
  }

  const answer = async (
    { method, headers }: { method?: string | undefined; headers: WebhookHeaders },
    read: () => Promise<Body>,
  ): Promise<Answer> => {
    if (method !== 'POST') return { status: 405, text: 'webhooks are POSTed here' }
    const body = await read()
    if (body === 'too_large') return { status: 413, text: 'too large for a webhook' }
    if (body === 'cut_off') return { status: 400, text: 'the body was cut off' }
    if (body !== 'parsed') return receive({ headers, body })
    await onError(new TypeError(PARSED))
    return { status: 500, text: PARSED }
  }

  const handleFetch = async (request: Request): Promise<Response> => {
    const { status, text } = await answer(request, () => readRequest(request))
    return new Response(status === 204 ? null : text, { status, headers: headersOf(status) })
  }

  const handleNode = async (request: NodeRequest, response: NodeResponse): Promise<void> => {
    const { status, text } = await answer(request, () => readNodeRequest(request)).catch(
      () => ({ status: 500, text: 'the receiver failed, and so did its onError' }) as const,
    )
    if (response.headersSent) return
    response.writeHead(status, headersOf(status))
    response.end(status === 204 ? undefined : text)
  }

  // Fetch servers pass other things than a response: an environment, a context.
  const handleWebhook = (request: Request | NodeRequest, response?: unknown) =>
    isNodeResponse(response) ? handleNode(request as NodeRequest, response) : handleFetch(request as Request)
  return handleWebhook as WebhookHandler
}

const headersOf = (status: Answer['status']): Record<string, string> => ({
  ...(status === 204 ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
  ...(status === 405 ? { allow: 'POST' } : {}),
  // The rest of the body is not waited for.
  ...(status === 413 ? { connection: 'close' } : {}),
})

const isNodeResponse = (value: unknown): value is NodeResponse =>
  typeof (value as { writeHead?: unknown } | null | undefined)?.writeHead === 'function'
