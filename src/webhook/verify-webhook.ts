import { WebhookVerificationError } from './error.ts'
import type { WebhookEvent } from './event.ts'
import { createVerificationKey, type VerificationSecret } from './secrets.ts'

/** `Headers`, or an object such as Node's `request.headers` with names in any case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export interface Webhook {
  headers: WebhookHeaders
  /** As received, before any parsing. */
  body: string | Uint8Array | ArrayBuffer
}

/** Rejects with a `WebhookVerificationError` if the service did not send the webhook, or not near `now` (epoch ms). */
export type Verifier = (webhook: Webhook, now: number) => Promise<WebhookEvent>

/** @param options.toleranceSeconds how far `webhook-timestamp` may be off in either direction */
export const createVerifier = (
  secrets: readonly VerificationSecret[],
  { toleranceSeconds }: { toleranceSeconds: number },
): Verifier => {
  let made: ReturnType<typeof createVerificationKey>[] | undefined
  return async ({ headers, body }, now) => {
    const bytes = bytesOf(body)
    const [id, timestamp, signatures] = NAMES.map(name => headerOf(headers, name))
    if (!id || !timestamp || !signatures)
      throw new WebhookVerificationError('missing_header', `A webhook has the headers ${NAMES.join(', ')}`)
    checkTimestamp(timestamp, { toleranceSeconds, now })
    // Not before the first webhook: Workers have no crypto while a module is loaded.
    made ??= secrets.map(createVerificationKey)
    const keys = await Promise.all(made)
    const content = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes)
    // All are tried, even after a match, so that the time taken reveals nothing.
    const matches = signatures
      .split(' ', MAX_SIGNATURES)
      .flatMap(signature => keys.map(isSignedBy => isSignedBy(signature, content)))
    if (!(await Promise.all(matches)).includes(true))
      throw new WebhookVerificationError(
        'no_matching_signature',
        'No signature was made with one of the secrets: are they yours, and whole?',
      )
    return readEvent(id, bytes)
  }
}

/**
 * The service sends four at most. Each copies the body while it is tried, so strangers must not choose their number.
 */
const MAX_SIGNATURES = 8
const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

const bytesOf = (body: Webhook['body']): Uint8Array => {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  return body instanceof ArrayBuffer ? new Uint8Array(body) : body
}

const joined = (head: Uint8Array, tail: Uint8Array): ArrayBuffer => {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole.buffer
}

/** Several values are joined; then only signatures can still match. */
const headerOf = (headers: WebhookHeaders, name: string): string | null => {
  if (isHeaders(headers)) return headers.get(name)
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? (value ?? []) : []))
  return values.length === 0 ? null : values.join(' ')
}

const isHeaders = (headers: WebhookHeaders): headers is { get(name: string): string | null } =>
  typeof headers.get === 'function'

const checkTimestamp = (text: string, { toleranceSeconds, now }: { toleranceSeconds: number; now: number }): void => {
  // The service signs only this spelling.
  if (!/^[1-9]\d{0,11}$/.test(text))
    throw new WebhookVerificationError('invalid_timestamp', 'webhook-timestamp must be a time in epoch seconds')
  const aheadSeconds = Number(text) - now / 1_000
  if (Math.abs(aheadSeconds) <= toleranceSeconds) return
  const [code, how] =
    aheadSeconds < 0 ? (['timestamp_too_old', 'ago'] as const) : (['timestamp_too_new', 'ahead'] as const)
  const message = `webhook-timestamp is ${Math.abs(Math.round(aheadSeconds))} s ${how}; is the clock here right?`
  throw new WebhookVerificationError(code, message)
}

const readEvent = (id: string, body: Uint8Array): WebhookEvent => {
  try {
    const event = JSON.parse(new TextDecoder().decode(body)) as WebhookEvent
    // Signed content comes from the service, so the only check is that it is an event.
    if (typeof event.type === 'string') return { ...event, id }
  } catch {}
  throw new WebhookVerificationError('invalid_payload', 'The body is signed, but is not an event')
}
