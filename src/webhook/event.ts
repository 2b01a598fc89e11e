import type { Reason } from '../core/verification.ts'

interface EventData {
  registrationId: string
  /** The serial that Submit returned. */
  idcardid: string
  /** What you gave with the registration. */
  metadata: Readonly<Record<string, string>>
  /** When the poll that found this was made, ISO 8601. */
  observedAt: string
  /** When the poll before it was made: the status changed in between. Null: there was none. */
  previousPollAt: string | null
  /** The serial was a test serial, and nobody was checked. */
  sandbox?: true
  /** These three are missing from thin webhooks. */
  message?: string | null
  livingScore?: string | null
  similarity?: string | null
}

interface EventOf<Type extends string, Data> {
  /** `webhook-id`, the same for all attempts: remember it, and ignore an id that you have seen. */
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
/** There is no verdict; `status` is GetResult's last one. */
export type UnresolvedEvent = EventOf<'idface.unresolved', { status: string | null; reason: Reason }>
/** Somebody tests whether the callback URL works. */
export type TestEvent = EventOf<'idface.test', { status: null; reason: null }>

/** Discriminated by `type`. A newer service may send types that are not here: ignore them and answer 2xx. */
export type WebhookEvent = SucceededEvent | FailedEvent | UnresolvedEvent | TestEvent
