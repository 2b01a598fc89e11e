import type { WebhookEvent } from './event.ts'
import { judgeWebhook, type Webhook } from './verify-webhook.ts'

export { WebhookVerificationError, type WebhookVerificationErrorCode } from './error.ts'
export type {
  CallbackDisabledEvent,
  FailedEvent,
  SucceededEvent,
  TestEvent,
  UnresolvedEvent,
  WebhookEvent,
} from './event.ts'
export type { WebhookHeaders } from './verify-webhook.ts'

export interface VerifyOptions extends Pick<Webhook, 'secrets' | 'headers' | 'body'> {
  /** How far `webhook-timestamp` may be off in either direction; 300 unless given. */
  toleranceSeconds?: number | undefined
  /** Epoch ms; the current time unless given. */
  now?: number | undefined
}

/**
 * Verifies that idface-notifier sent this webhook, with one of these secrets and just now, and returns its event. A webhook may
 * come twice: remember the event's `id`.
 *
 * Throws a `WebhookVerificationError` otherwise.
 */
export const verifyWebhook = ({ toleranceSeconds, now, ...webhook }: VerifyOptions): WebhookEvent =>
  judgeWebhook({ ...webhook, toleranceSeconds: toleranceSeconds ?? 300, now: now ?? Date.now() })
