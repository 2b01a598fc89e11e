/**
 * What is wrong with a webhook. The first two are mistakes of the receiver's own, so answer them with 500; the others with
 * 401, or 400.
 */
export type WebhookVerificationErrorCode =
  /** No secrets, or one that is neither `whsec_…` nor `whpk_…`. */
  | 'invalid_secret'
  /** The body was parsed before: only the bytes as they came can be verified. */
  | 'body_not_raw'
  | 'missing_header'
  | 'invalid_timestamp'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'no_matching_signature'
  /** Rightly signed, but no JSON object with a `type`. */
  | 'invalid_payload'

/** The message is fit for a log: it holds no secret, and nothing of the body. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookVerificationErrorCode

  constructor(code: WebhookVerificationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
