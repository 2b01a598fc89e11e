import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { MINUTE } from '../core/duration.ts'

/** One request to the receiver. */
export interface Delivery {
  /** Without the query. */
  path: string
  /** `webhook-id`. */
  id: string | null
  /** `webhook-attempt`. */
  attempt: number | null
  /** The body's `type`. */
  type: string | null
  /** As it came, decoded as UTF-8. */
  body: string
  headers: IncomingHttpHeaders
  /** True, or what is wrong. */
  verified: true | string
  /** When its last byte had come, epoch ms on the clock of `now`. */
  at: number
  /** The status it is answered with; null where there is none. */
  status: number | null
}

export const readType = (body: string): string | null => {
  try {
    const { type } = Object(JSON.parse(body)) as { type?: unknown }
    return typeof type === 'string' ? type : null
  } catch {
    return null
  }
}

const TOLERANCE_MS = 5 * MINUTE

interface Check {
  secrets: readonly string[]
  headers: IncomingHttpHeaders
  body: Buffer
  nowMs: number
}

/**
 * Verifies a webhook (Standard Webhooks, `v1`) as a partner does, with any of the secrets: true, or what is wrong. The
 * standardwebhooks package makes the signature; the age is judged here, because its `verify` knows only the real clock.
 */
export const judgeWebhook = ({ secrets, headers, body, nowMs }: Check): true | string => {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    name => headers[name],
  )
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return 'missing headers'
  if (!/^\d{1,12}$/.test(timestamp)) return 'bad timestamp'
  const sentAt = new Date(Number(timestamp) * 1_000)
  if (Math.abs(nowMs - sentAt.getTime()) > TOLERANCE_MS) return 'timestamp too old or too new'
  // The package signs text, and two broken byte sequences would look alike to it.
  if (!isUtf8(body)) return 'body is not UTF-8'
  if (secrets.length === 0) return 'no secret for this path'
  const given = signatures.split(' ')
  const isSigned = secrets.some(secret => given.includes(new Webhook(secret).sign(id, sentAt, body)))
  return isSigned || 'no matching signature'
}
