import type { SignedContent } from '../core/signature.ts'
import { WebhookVerificationError } from './error.ts'
import type { WebhookEvent } from './event.ts'
import { createVerificationKey } from './verification-key.ts'

/** `Headers`, or an object such as Node's `request.headers` with names in any case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export interface Webhook {
  /** `whsec_…` or `whpk_…`; several while they rotate. */
  secrets: string | readonly string[]
  headers: WebhookHeaders
  /** As received, before any parsing. */
  body: string | Uint8Array | ArrayBuffer
  /** How far `webhook-timestamp` may be off in either direction. */
  toleranceSeconds: number
  /** Epoch ms. */
  now: number
}

/** Throws a `WebhookVerificationError` for what the service did not send, or sent too long ago. */
export const judgeWebhook = (webhook: Webhook): WebhookEvent => {
  const keys = readSecrets(webhook.secrets)
  const body = readBody(webhook.body)
  const [id, timestamp, signatures] = NAMES.map(name => headerOf(webhook.headers, name))
  if (!id || !timestamp || !signatures)
    throw new WebhookVerificationError('missing_header', `A webhook has the headers ${NAMES.join(', ')}`)
  const timestampSeconds = readTimestamp(timestamp, webhook)
  const content = { id, timestampSeconds, body }
  // All are tried, even after a match, so that the time taken tells nothing.
  const matches = signatures.split(' ').flatMap(signature => keys.map(isSignedBy => isSignedBy(signature, content)))
  if (!matches.includes(true))
    throw new WebhookVerificationError('no_matching_signature', 'No signature was made with one of these secrets')
  return readEvent(content)
}

const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

const readSecrets = (secrets: string | readonly string[]) => {
  const keys = [secrets].flat().map(secret => createVerificationKey(secret))
  const good = keys.filter(key => key !== null)
  if (good.length > 0 && good.length === keys.length) return good
  const which = keys.length === 0 ? 'there is none' : `number ${keys.indexOf(null) + 1} is not`
  throw new WebhookVerificationError(
    'invalid_secret',
    `secrets must be whsec_… or whpk_…, as they were shown: ${which}`,
  )
}

const readBody = (body: unknown): Buffer => {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return Buffer.from(body)
  throw new WebhookVerificationError(
    'body_not_raw',
    'body must be the text or bytes as received; take them before a JSON parser does, e.g. with express.raw()',
  )
}

/** Several values are joined; then only signatures can still match. */
const headerOf = (headers: WebhookHeaders, name: string): string | null => {
  if (isHeaders(headers)) return headers.get(name)
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? (value ?? []) : []))
  return values.length === 0 ? null : values.join(' ')
}

const isHeaders = (headers: WebhookHeaders): headers is { get(name: string): string | null } =>
  typeof headers.get === 'function'

const readTimestamp = (text: string, { toleranceSeconds, now }: Pick<Webhook, 'toleranceSeconds' | 'now'>): number => {
  // Only this spelling can be what was signed.
  if (!/^[1-9]\d{0,11}$/.test(text))
    throw new WebhookVerificationError('invalid_timestamp', 'webhook-timestamp must be a time in epoch seconds')
  const aheadSeconds = Number(text) - now / 1_000
  if (Math.abs(aheadSeconds) <= toleranceSeconds) return Number(text)
  const [code, how] =
    aheadSeconds < 0 ? (['timestamp_too_old', 'ago'] as const) : (['timestamp_too_new', 'ahead'] as const)
  const message = `webhook-timestamp is ${Math.abs(Math.round(aheadSeconds))} s ${how}; is the clock here right?`
  throw new WebhookVerificationError(code, message)
}

const readEvent = ({ id, body }: SignedContent): WebhookEvent => {
  try {
    const event = JSON.parse(body.toString()) as WebhookEvent
    // What is signed is the service's word, so nothing is checked but that it is an event.
    if (typeof event.type === 'string') return { ...event, id }
  } catch {}
  throw new WebhookVerificationError('invalid_payload', 'The body is signed, but is not an event')
}
