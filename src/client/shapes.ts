import type { PauseReason } from '../core/account.ts'
import type { Answer, Verdict } from '../core/answer.ts'
import type { MessageState, MessageType } from '../core/message.ts'
import type { RegistrationStatus } from '../core/registration.ts'
import type { Reason } from '../core/verification.ts'

/** The API's answers as in its JSON. Times are ISO 8601 in UTC. */

export type { RegistrationStatus, Verdict }

/** Your request to send the outcome of a serial to a callback URL. */
export interface Registration {
  id: string
  /** The serial that Submit returned. */
  idcardid: string
  /** This is a test serial: no person was checked. */
  sandbox?: true
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  status: RegistrationStatus
  /** Why there is no verdict, for `unresolved`. */
  reason: Reason | null
  result: Verdict | null
  polls: number
  lastPolledAt: string | null
  nextPollAt: string | null
  delivery: { messageId: string | null; state: MessageState; attempts: number; nextAttemptAt: string | null }
  createdAt: string
  expiresAt: string
  resolvedAt: string | null
}

/** All your registrations of one serial. */
export interface LookedUp {
  idcardid: string
  /** Newest first; empty if you have none. */
  registrations: Registration[]
}

/** One POST of a webhook. */
export interface Attempt {
  at: string
  outcome: 'delivered' | 'rejected' | 'gone' | 'failed'
  httpStatus: number | null
  error: string | null
  /** The error in words, in the requested language. */
  errorText: string | null
  durationMs: number
  /** The first KiB of the receiver's response. */
  responseExcerpt: string | null
  /** What it was made for; null for a test, and if an earlier version of the service made it. */
  origin: 'first' | 'retry' | 'resend' | null
}

/** A registration in a list, with the last attempt to deliver its webhook. */
export interface ListedRegistration extends Registration {
  lastAttempt: Pick<Attempt, 'at' | 'outcome' | 'httpStatus' | 'error'> | null
}

/** Why there is no webhook yet. */
export interface Explanation {
  registrationId: string
  /** As in the registration. */
  sandbox?: true
  status: RegistrationStatus
  reason: Reason | null
  language: 'en' | 'zh'
  sentence: string
  at: string
  polling: {
    lastAnswer: Answer['kind'] | null
    code: number | null
    status: string | null
    polls: number
    lastPolledAt: string | null
    nextPollAt: string | null
    until: string | null
    queue: { before: number; rate: number; isAtLeast: boolean } | null
  }
  account: { paused: boolean; reason: PauseReason | null; code: number | null; since: string | null }
  delivery: {
    type: MessageType | null
    messageId: string | null
    state: MessageState
    attempts: number
    lastAttempt: Attempt | null
    underWay: boolean
    nextAttemptAt: string | null
    heldSince: string | null
    heldBecause: 'gone' | 'disabled' | 'operator' | null
    unsignable: boolean
    allHeldSince: string | null
  }
}

/** A webhook as an event: `verifyWebhook` takes its `headers` and `body` as they are. */
export interface StoredEvent {
  messageId: string
  registrationId: string
  /** As in the registration. */
  sandbox?: true
  type: MessageType
  createdAt: string
  delivery: MessageState
  body: string
  headers: Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>
}

export interface BulkResend {
  id: string
  since: string
  until: string
  /** Number of messages to resend at the time of the request. */
  count: number
  resent: number
  /** Whether it has ended. */
  done: boolean
  /** Ended before all were due again, by an operator or by a restore from a backup. Request the rest again. */
  stopped: boolean
}

export interface ApiKey {
  id: string
  createdAt: string
  lastUsedAt: string | null
  expiresAt: string | null
  revoked: boolean
}

/** The key is shown only here. */
export interface NewApiKey {
  id: string
  apiKey: string
}

export interface SigningSecret {
  id: string
  type: 'v1' | 'v1a'
  createdAt: string
  /** When it expires; null while no end is planned. */
  expiresAt: string | null
}

/** The secret is shown only here: `whsec_…`, or for `v1a` the public key, `whpk_…`. */
export interface NewSigningSecret {
  id: string
  type: 'v1' | 'v1a'
  secret: string
  /** When the previous secret stops signing. */
  previousExpiresAt: string | null
}

/** Anyone with this link gets in: do not share it. */
export interface ConsoleLink {
  url: string
  expiresAt: string
}

/** The contact that is notified when your callback URLs fail, without its secrets. */
export interface Contact {
  /** `webhook`: signed JSON. */
  channel: 'wecom' | 'dingtalk' | 'feishu' | 'slack' | 'webhook'
  host: string
}

/** The partner of this key, its limits, and their use. A null quota is no limit. */
export interface Me {
  partnerId: string
  name: string
  payload: 'full' | 'thin'
  /** Requests with one key. */
  rate: { perSecond: number; burst: number }
  /** Registrations of the partner, single or in batches. */
  registrationRate: { perSecond: number; burst: number }
  quotas: { pending: number | null; hosts: number | null; daily: number | null }
  /** `daily` covers the last 24 hours, to the full hour; `at` is when the usage was counted. */
  usage: { pending: number; hosts: number; daily: number; at: string }
}

/** The current state of the service, for you. */
export interface Status {
  at: string
  /** Whether GetResult answers; if not, since when and why. */
  upstream: { reachable: boolean; since: string | null; error: string | null }
  account: { paused: boolean; reason: PauseReason | null; code: number | null; since: string | null }
  /** Your calls ahead of a serial that is registered now; null while nothing is polled. */
  queue: { before: number; rate: number; waitSeconds: number; isAtLeast: boolean } | null
  /** Your webhooks of the last hour, or the newest 1,000 of them. */
  deliveries: { since: string; delivered: number; pending: number; exhausted: number; successRate: number | null }
  /** Callback URLs that need your attention, the longest-failing first, 20 at most. */
  callbacks: {
    callbackUrl: string
    /** `disabled`: all attempts in five days have failed; `gone`: it answered 410. In both, its webhooks are held. */
    state: 'failing' | 'disabled' | 'gone'
    since: string
    heldSince: string | null
    /** `http_503`, or the `error` of an attempt. */
    lastError: string | null
    /** Counted up to 1,000. */
    held: number
  }[]
}

/** What happened in a time. */
export interface HistoryFigures {
  /** New ones; null of a host. */
  registrations: number | null
  /** Registrations that ended, by their end; null of a host. */
  verdicts: { succeeded: number; failed: number; unresolved: number; cancelled: number } | null
  webhooks: {
    delivered: number
    failedAttempts: number
    givenUp: number
    /** How many of `delivered` were answered within 5 s of their verdict. */
    within5s: number
    /** Of the time from the verdict to the 2xx, estimated; null: nothing was delivered. */
    p50Ms: number | null
    p95Ms: number | null
  }
}

export interface History {
  since: string
  until: string
  step: '5m' | '1h'
  /** Oldest first; without the steps in which nothing happened. */
  data: (HistoryFigures & { at: string })[]
  totals: HistoryFigures
}

export interface HostHistory {
  data: (HistoryFigures & { host: string })[]
  /** There are more than the 250 hosts that are listed. */
  isCapped: boolean
  /** The beginning of what was counted: later than asked for if that is too much for one call. */
  since: string
}

/**
 * RFC 9457. `errors` names each invalid field. `nextCursor` is in the 409 for a cursor of events that a restore of the
 * service's database has ended: continue with it.
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: readonly { path: string; message: string }[]
  nextCursor?: string
  /** Identifies the call in the operator's log. */
  requestId?: string
}

export interface Page<T, Cursor = string | null> {
  data: T[]
  nextCursor: Cursor
  /** In a search: the page has read the maximum number of registrations, and stopped at one created at this time. */
  lookedBackTo?: string
  /** The `since` and `until` of the call, as times. */
  since?: string
  until?: string
}
