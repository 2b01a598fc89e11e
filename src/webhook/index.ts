import type { WebhookEvent } from './event.ts'
import { judgeWebhook, type Webhook } from './verify-webhook.ts'

export { WebhookVerificationError, type WebhookVerificationErrorCode } from './error.ts'
export type { FailedEvent, SucceededEvent, TestEvent, UnresolvedEvent, WebhookEvent } from './event.ts'
export type { WebhookHeaders } from './verify-webhook.ts'

export interface VerifyOptions extends Pick<Webhook, 'secrets' | 'headers' | 'body'> {
  /** How far `webhook-timestamp` may be off, either way; 300 unless given. */
  toleranceSeconds?: number | undefined
  /** Epoch ms; the clock's time unless given. */
  now?: number | undefined
}

/**
 * The event of a webhook that idface-notifier has sent: its signature is of one of the secrets, and its time is now.
 * Remember the event's `id`, since a webhook may come twice.
 *
 * Throws `WebhookVerificationError` for everything else.
 */
export const verifyWebhook = ({ toleranceSeconds, now, ...webhook }: VerifyOptions): WebhookEvent =>
  judgeWebhook({ ...webhook, toleranceSeconds: toleranceSeconds ?? 300, now: now ?? Date.now() })
