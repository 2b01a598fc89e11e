import type { MessageState } from '../core/message.ts'
import type { RegistrationStatus } from './shapes.ts'

/**
 * A text is ISO 8601 with its offset, how long ago, such as `2h`, or a day, such as `2026-12-02`: its beginning as
 * `since`, its end as `until`, in the time zone `zone`, such as `Asia/Shanghai`; UTC unless given.
 */
export interface HistorySpan {
  since?: Date | string | undefined
  until?: Date | string | undefined
  zone?: string | undefined
}

/** `since` and `until` are times of registration. */
export interface RegistrationFilter extends HistorySpan {
  idcardid?: string | undefined
  status?: RegistrationStatus | undefined
  /** Only registrations whose webhook is in this state. */
  delivery?: MessageState | undefined
  /** Host of the callback URL, with its port if the URL names one. */
  host?: string | undefined
  /** One key and its exact value, or a value of any key. If you have very many registrations, `since` speeds it up. */
  metadata?: Readonly<Record<string, string>> | string | undefined
  /** The size of a page, 250 at most. */
  limit?: number | undefined
  /** The `nextCursor` of a page. */
  cursor?: string | undefined
}

/** Begins at the first webhook created at `since` or later. */
export interface EventFilter extends Omit<HistorySpan, 'until'> {
  /** The `nextCursor` of a page. */
  after?: string | undefined
  /** Only webhooks in this state now. */
  delivery?: MessageState | undefined
  /** Only the webhook of this registration. */
  registrationId?: string | undefined
  /** The size of a page, 250 at most. */
  limit?: number | undefined
}
