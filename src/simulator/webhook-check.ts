import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { MINUTE } from '../core/duration.ts'

const TOLERANCE_MS = 5 * MINUTE

interface Check {
  secrets: readonly string[]
  headers: IncomingHttpHeaders
  body: Buffer
  nowMs: number
}

/**
 * Verifies a webhook (Standard Webhooks, `v1`) as a partner does, with any of the secrets: true, or what is wrong.
 * The signature is the standardwebhooks package's; the age is judged here, since its `verify` knows only the real clock.
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
  // The package signs text: two broken byte sequences would look alike to it.
  if (!isUtf8(body)) return 'body is not UTF-8'
  if (secrets.length === 0) return 'no secret for this path'
  const given = signatures.split(' ')
  const isSigned = secrets.some(secret => given.includes(new Webhook(secret).sign(id, sentAt, body)))
  return isSigned || 'no matching signature'
}
