/** The reason why a webhook is refused. */
export type WebhookVerificationErrorCode =
  | 'missing_header'
  | 'invalid_timestamp'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'no_matching_signature'
  /** Correctly signed, but not a JSON object with a `type`. */
  | 'invalid_payload'

/**
 * The request is not to be trusted: answer 401. Its message may be logged: it holds no secret and nothing of the body.
 * (The receiver's own mistakes are `TypeError`s: answer 500.)
 */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookVerificationErrorCode

  constructor(code: WebhookVerificationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
