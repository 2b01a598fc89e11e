import type { PauseReason } from '../core/account.ts'
import type { Answer, Verdict } from '../core/answer.ts'
import type { MessageState, MessageType } from '../core/message.ts'
import type { RegistrationStatus } from '../core/registration.ts'
import type { Reason } from '../core/verification.ts'

/** The API's answers as they stand in its JSON. Times are ISO 8601 in UTC. */

export type { RegistrationStatus, Verdict }

/** A request to be told, at one callback URL, how one check ends. */
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

/** What there is of a serial. */
export interface LookedUp {
  idcardid: string
  /** The newest first; empty: there are none of yours. */
  registrations: Registration[]
}

/** One POST of a webhook. */
export interface Attempt {
  at: string
  outcome: 'delivered' | 'rejected' | 'gone' | 'failed'
  httpStatus: number | null
  error: string | null
  /** The error in words, in the language asked for. */
  errorText: string | null
  durationMs: number
  /** The first KiB of what the receiver answered. */
  responseExcerpt: string | null
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
  /** How many messages there were to resend when it was requested. */
  count: number
  resent: number
  /** It has ended. */
  done: boolean
  /** Before all were due again: by an operator, or by a restore from a backup. Request again what is left. */
  stopped: boolean
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
  /** When the secret before it stops signing. */
  previousExpiresAt: string | null
}

/** Lets in whoever has it: give it to nobody else. */
export interface ConsoleLink {
  url: string
  expiresAt: string
}

/** Where you are told that your callback URLs fail, without what is secret of it. */
export interface Contact {
  /** `webhook`: signed JSON. */
  channel: 'wecom' | 'dingtalk' | 'feishu' | 'slack' | 'webhook'
  host: string
}

/** Whose key this is, what it may do, and how much of that is used. A null quota is no limit. */
export interface Me {
  partnerId: string
  name: string
  payload: 'full' | 'thin'
  /** Requests with one key. */
  rate: { perSecond: number; burst: number }
  /** Registrations of the partner, singly or in batches. */
  registrationRate: { perSecond: number; burst: number }
  quotas: { pending: number | null; hosts: number | null; daily: number | null }
  /** `daily` is of the last 24 hours, to the full hour; `at` is when they were counted. */
  usage: { pending: number; hosts: number; daily: number; at: string }
}

/** How it is going now. */
export interface Status {
  at: string
  /** Whether GetResult answers, and since when and why it does not. */
  upstream: { reachable: boolean; since: string | null; error: string | null }
  account: { paused: boolean; reason: PauseReason | null; code: number | null; since: string | null }
  /** Calls of yours that go before a serial that is registered now; null while nothing is asked. */
  queue: { before: number; rate: number; waitSeconds: number; isAtLeast: boolean } | null
  /** Your webhooks of the last hour, or the newest 1,000 of them. */
  deliveries: { since: string; delivered: number; pending: number; exhausted: number; successRate: number | null }
  /** Callback URLs that need you, the longest first, 20 at most. */
  callbacks: {
    callbackUrl: string
    /** `disabled`: every attempt of five days has failed; `gone`: it answered 410. Then its webhooks are held. */
    state: 'failing' | 'disabled' | 'gone'
    since: string
    heldSince: string | null
    /** `http_503`, or the `error` of an attempt. */
    lastError: string | null
    /** Counted up to 1,000. */
    held: number
  }[]
}

/**
 * RFC 9457. `errors` names each field that is not right. `nextCursor` stands in the 409 for a cursor of events that a restore
 * of the service's database has ended: go on with it.
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: readonly { path: string; message: string }[]
  nextCursor?: string
  /** By which the operator finds the call in the log. */
  requestId?: string
}

export interface Page<T, Cursor = string | null> {
  data: T[]
  nextCursor: Cursor
  /** Of a search: the page has looked at as many registrations as one may, and stopped at one that was created then. */
  lookedBackTo?: string
}
