import type { IncomingHttpHeaders } from 'node:http'

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
  /** Or what is wrong. */
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
 * What contradicts the webhooks' promises, over everything a receiver got: a bad signature, two bodies under one
 * `webhook-id`, two ids for one registration and type, a request after a 2xx (allowed only where a sender died or could not
 * tell, or for a resend). It reads nothing but the requests, so that it can judge the sender.
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
