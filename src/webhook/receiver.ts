import { WebhookVerificationError, type WebhookVerificationErrorCode } from './error.ts'
import { isKnownType, type WebhookEvent } from './event.ts'
import type { Verifier, Webhook } from './verify-webhook.ts'

/**
 * Remembers which webhooks are done, by their ids, for 30 days. A `Set` will do for a trial; else a table that all processes share.
 *
 * `has` is asked before `onEvent`, `add` called after it and before the answer: a process that dies in between gets the webhook
 * again, so that none is lost, and `onEvent` may then run a second time. Where it must not, have it write the id and its own
 * work in one transaction, and give no `seen`.
 */
export interface Seen {
  has(id: string): boolean | Promise<boolean>
  add(id: string): unknown
}

export interface Answer {
  status: 204 | 400 | 401 | 405 | 413 | 500
  /** Shown to the partner as `responseExcerpt` of the attempt. */
  text: string
}

export interface ReceiverDeps {
  verify: Verifier
  onEvent: (event: WebhookEvent) => unknown
  seen: Seen | undefined
  onError: (error: unknown) => unknown
  now: () => number
}

export type Receiver = (webhook: Webhook) => Promise<Answer>

/** Not even a webhook; what is signed wrongly is answered with 401. */
const MALFORMED: readonly WebhookVerificationErrorCode[] = ['missing_header', 'invalid_timestamp', 'invalid_payload']

/** Longer than the service waits for an answer. What takes longer may never end, as a call without a time limit. */
const LONGEST_RUN_MS = 60_000

export const createReceiver = ({ verify, onEvent, seen, onError, now }: ReceiverDeps): Receiver => {
  const running = new Map<string, { handled: Promise<void>; startedAt: number }>()

  /** The same webhook twice at a time, as after a timeout, is handled once, and both get its answer, unless the first takes too long. */
  const handleOnce = (event: WebhookEvent): Promise<void> => {
    const handle = async () => {
      if (await seen?.has(event.id)) return
      await onEvent(event)
      await seen?.add(event.id)
    }
    const run = running.get(event.id)
    const startedAt = now()
    if (run && startedAt - run.startedAt < LONGEST_RUN_MS) return run.handled
    const handled = handle().finally(() => {
      if (running.get(event.id)?.handled === handled) running.delete(event.id)
    })
    running.set(event.id, { handled, startedAt })
    return handled
  }

  return async webhook => {
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
}
