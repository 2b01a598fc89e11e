/** What is wrong with a webhook. The first two are the receiver's own mistakes: answer 500. For the others answer 401 or 400. */
export type WebhookVerificationErrorCode =
  /** No secrets, or one that is neither `whsec_…` nor `whpk_…`. */
  | 'invalid_secret'
  /** The body was parsed; only the received bytes can be verified. */
  | 'body_not_raw'
  | 'missing_header'
  | 'invalid_timestamp'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'no_matching_signature'
  /** Correctly signed, but not a JSON object with a `type`. */
  | 'invalid_payload'

/** Its message may be logged: it holds no secret and nothing of the body. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookVerificationErrorCode

  constructor(code: WebhookVerificationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
