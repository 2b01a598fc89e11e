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

export interface Inconsistency {
  kind: 'unverified' | 'body_changed' | 'id_changed' | 'sent_after_success'
  delivery: Delivery
}

/**
 * What breaks the promises made about webhooks, among all that a receiver got: a bad signature, two bodies under one
 * `webhook-id`, two ids for one registration and type, a request after a 2xx (allowed only if the sender died or could not
 * know, or for a resend). It reads nothing but the requests, so that it can judge the sender.
 */
export const findInconsistencies = (deliveries: readonly Delivery[]): Inconsistency[] => {
  const bodies = new Map<string | null, string>()
  const ids = new Map<string, string | null>()
  const succeeded = new Set<string | null>()
  return deliveries.flatMap(delivery => {
    const { id, body, verified, status } = delivery
    const subject = `${delivery.path} ${delivery.type} ${registrationOf(body) ?? id}`
    const kinds: Inconsistency['kind'][] = []
    if (verified !== true) kinds.push('unverified')
    if ((bodies.get(id) ?? body) !== body) kinds.push('body_changed')
    if (ids.has(subject) && ids.get(subject) !== id) kinds.push('id_changed')
    if (succeeded.has(id)) kinds.push('sent_after_success')
    bodies.set(id, bodies.get(id) ?? body)
    ids.set(subject, ids.has(subject) ? (ids.get(subject) ?? null) : id)
    if (status !== null && status >= 200 && status < 300) succeeded.add(id)
    return kinds.map(kind => ({ kind, delivery }))
  })
}

export const readType = (body: string): string | null => textOf(readObject(body)?.type)

const registrationOf = (body: string): string | null => {
  const data = readObject(body)?.data
  return isObject(data) ? textOf(data.registrationId) : null
}

const readObject = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

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
