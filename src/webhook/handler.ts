import type { Answer, Receiver } from './receiver.ts'
import { type Body, type NodeRequest, type NodeResponse, readNodeRequest, readRequest } from './request.ts'
import type { WebhookHeaders } from './verify-webhook.ts'

export interface WebhookHandler {
  /** For Node. It never rejects. */
  (request: NodeRequest, response: NodeResponse, ...more: unknown[]): Promise<void>
  /** For Fetch. */
  (request: Request, ...more: unknown[]): Promise<Response>
}

const PARSED =
  'webhookHandler: the body was read before, and only the received bytes can be verified: mount it before any body parser, or have ' +
  'the parser keep them, e.g. express.json({ verify: (request, _, rawBody) => { Object.assign(request, { rawBody }) } })'

export const createHandler = ({
  receive,
  onError,
}: {
  receive: Receiver
  onError: (error: unknown) => unknown
}): WebhookHandler => {
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

  // Fetch servers hand on other things than a response: an environment, a context.
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
