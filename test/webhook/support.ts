import { randomBytes } from 'node:crypto'
import { webhookBody } from '../../src/core/message.ts'
import { createSigningKey, generateSecret, sign } from '../../src/core/signature.ts'
import { type WebhookEvent, type WebhookHandlerOptions, webhookHandler } from '../../src/webhook/index.ts'
import { webhookContent } from '../support/webhook-content.ts'

export const SECRET = generateSecret('v1', randomBytes).secret
export const FOREIGN = generateSecret('v1', randomBytes).secret
export const BODY = webhookBody(webhookContent(Date.now(), { metadata: { note: 'é 😀' } }))

/** A webhook as the service sends it. */
export const webhook = ({
  id = 'msg_01',
  body = BODY,
  secret = SECRET,
  at = Date.now(),
} = {}): RequestInit & {
  headers: Record<string, string>
} => {
  const timestampSeconds = Math.floor(at / 1_000)
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': sign([createSigningKey(secret) ?? []].flat(), { id, timestampSeconds, body }),
    },
  }
}

/** A handler, and its reports. */
export const listen = (more: Partial<WebhookHandlerOptions> = {}) => {
  const events: WebhookEvent[] = []
  const errors: unknown[] = []
  const handler = webhookHandler({
    secret: SECRET,
    onEvent: event => events.push(event),
    onError: error => errors.push(error),
    ...more,
  })
  const post = async (init: RequestInit = webhook()) => {
    const response = await handler(new Request('https://partner.example/hook', init))
    return [response.status, await response.text()]
  }
  return { handler, events, errors, post }
}
