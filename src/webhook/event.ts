import type { Reason } from '../core/verification.ts'

interface EventData {
  registrationId: string
  /** The serial that Submit returned. */
  idcardid: string
  /** What you gave with the registration. */
  metadata: Readonly<Record<string, string>>
  /** The verdict changed between `previousPollAt` and `observedAt`; null: the first poll brought it. ISO 8601. */
  observedAt: string
  previousPollAt: string | null
  /** A test serial of the service's sandbox: nobody was checked. */
  sandbox?: true
  /** These three are missing where the partner gets thin webhooks. */
  message?: string | null
  livingScore?: string | null
  similarity?: string | null
}

interface EventOf<Type extends string, Data> {
  /** `webhook-id`: the same over all attempts, so remember it and ignore what you have seen. */
  id: string
  type: Type
  /** When it was written, ISO 8601. */
  timestamp: string
  data: EventData & Data
}

/** The person passed. */
export type SucceededEvent = EventOf<'idface.succeeded', { status: 'SUCCESS'; reason: null }>
/** The person did not pass. */
export type FailedEvent = EventOf<'idface.failed', { status: 'FAIL'; reason: null }>
/** There is no verdict; `status` is the last that upstream had. */
export type UnresolvedEvent = EventOf<'idface.unresolved', { status: string | null; reason: Reason }>
/** Somebody tries whether the callback URL works. */
export type TestEvent = EventOf<'idface.test', { status: null; reason: null }>

/** By `type`. A newer service may send types that are not here: answer them with 2xx and ignore them. */
export type WebhookEvent = SucceededEvent | FailedEvent | UnresolvedEvent | TestEvent
