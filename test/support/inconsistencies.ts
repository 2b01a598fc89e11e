import type { Delivery } from '../../src/simulator/receiver.ts'

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
    const subject = `${delivery.path} ${delivery.type} ${/"registrationId":"(\w+)"/.exec(body)?.[1] ?? id}`
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
