import { checkOptions, isFunction, isNumber, kindOfValue, optional, type Rule } from '../core/options.ts'
import { WebhookVerificationError } from './error.ts'
import type { WebhookEvent } from './event.ts'
import { createHandler, type Seen, type WebhookHandler } from './handler.ts'
import { readSecrets, SECRET_RULES, type SecretOptions } from './secrets.ts'
import { createVerifier, type Webhook } from './verify-webhook.ts'

export { WebhookVerificationError, type WebhookVerificationErrorCode } from './error.ts'
export type {
  FailedEvent,
  SucceededEvent,
  TestEvent,
  UnresolvedEvent,
  WebhookEvent,
} from './event.ts'
export type { Seen, WebhookHandler } from './handler.ts'
export type { NodeRequest, NodeResponse } from './request.ts'
export type { SecretOptions } from './secrets.ts'
export type { WebhookHeaders } from './verify-webhook.ts'

interface CommonOptions extends SecretOptions {
  /** How far `webhook-timestamp` may be off in either direction; 300 unless given. */
  toleranceSeconds?: number | undefined
}

export interface VerifyOptions extends CommonOptions, Webhook {
  /** Epoch ms; the current time unless given. */
  now?: number | undefined
}

export interface WebhookHandlerOptions extends CommonOptions {
  /** Gets each verified event of a known type. If it fails, the service sends the webhook again, by its schedule. */
  onEvent: (event: WebhookEvent) => unknown
  /** Skips webhooks that are done; without it `onEvent` gets them again. */
  seen?: Seen | undefined
  /**
   * Gets each error: a `WebhookVerificationError` for a refused request, else your own error. `console.error` unless
   * given.
   */
  onError?: ((error: unknown) => unknown) | undefined
}

const DEFAULT_TOLERANCE_SECONDS = 300
const COMMON_RULES: Readonly<Record<keyof CommonOptions, Rule>> = {
  ...SECRET_RULES,
  toleranceSeconds: optional(isNumber(0, Number.MAX_SAFE_INTEGER)),
}
const areHeaders: Rule = value =>
  typeof value === 'object' && value !== null ? null : `must be those of the request, and is ${kindOfValue(value)}`
const VERIFY_RULES: Readonly<Record<keyof VerifyOptions, Rule>> = {
  ...COMMON_RULES,
  headers: areHeaders,
  body: value =>
    typeof value === 'string' || value instanceof Uint8Array || value instanceof ArrayBuffer
      ? null
      : `must be the text or bytes as received, and is ${kindOfValue(value)}; take them before a JSON parser does, e.g. with express.raw()`,
  now: optional(isNumber(0, Number.MAX_SAFE_INTEGER)),
}
const isSeen: Rule = value =>
  ['has', 'add'].every(name => typeof (value as Record<string, unknown> | null)?.[name] === 'function')
    ? null
    : `must have the methods has(id) and add(id), and is ${kindOfValue(value)}`
const HANDLER_RULES: Readonly<Record<keyof WebhookHandlerOptions, Rule>> = {
  ...COMMON_RULES,
  onEvent: isFunction,
  seen: optional(isSeen),
  onError: optional(isFunction),
}

/**
 * Verifies that idface-notifier sent this webhook, with one of these secrets and just now, and resolves with its event.
 * A webhook may come twice: remember the event's `id`.
 *
 * Rejects with a `WebhookVerificationError` otherwise, and with a `TypeError` for an invalid option.
 */
export const verifyWebhook = async (options: VerifyOptions): Promise<WebhookEvent> => {
  checkOptions('verifyWebhook', options, VERIFY_RULES)
  const { toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now, ...webhook } = options
  const verify = createVerifier(readSecrets('verifyWebhook', options), { toleranceSeconds })
  return verify(webhook, now ?? Date.now())
}

/**
 * A whole receiver, for anything that supports Fetch (`handler(request)`: Hono, Next, Bun, Deno, Workers) and for Node
 * (`handler(request, response)`: `node:http`, Express, Koa, Fastify). It answers 204 when `onEvent` and `seen.add` are
 * done, or the webhook is known to be done; 401 or 400 for a request that is not the service's; 413 above 64 KiB; 500
 * if your own code failed. The service sends a webhook again, by its schedule, unless it got a 2xx.
 *
 * Throws a `TypeError` for an invalid option.
 */
export const webhookHandler = (options: WebhookHandlerOptions): WebhookHandler => {
  checkOptions('webhookHandler', options, HANDLER_RULES)
  const { toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, onEvent, seen, onError = tellConsole } = options
  const verify = createVerifier(readSecrets('webhookHandler', options), { toleranceSeconds })
  return createHandler({ verify, onEvent, seen, onError, now: Date.now })
}

const tellConsole = (error: unknown): void =>
  // biome-ignore lint/suspicious/noConsole: it runs in the partner's process, whose log this is.
  console.error(error instanceof WebhookVerificationError ? `webhook refused: ${error.message}` : error)
