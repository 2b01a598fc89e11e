import type { Reason } from '../core/verification.ts'

interface CheckData {
  registrationId: string
  /** The serial that Submit returned. */
  idcardid: string
  /** The metadata of your registration. */
  metadata: Readonly<Record<string, string>>
  /** When the poll that found this outcome was made, ISO 8601. */
  observedAt: string
  /** When the previous poll was made: the status changed in between. Null if there was none. */
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
  /** When the event was created, ISO 8601. */
  timestamp: string
  data: Data
}

type CheckEvent<Type extends string, Data> = EventOf<Type, CheckData & Data>

/** The person passed. */
export type SucceededEvent = CheckEvent<'idface.succeeded', { status: 'SUCCESS'; reason: null }>
/** The person did not pass. */
export type FailedEvent = CheckEvent<'idface.failed', { status: 'FAIL'; reason: null }>
/** There is no verdict; `status` is GetResult's last one. */
export type UnresolvedEvent = CheckEvent<'idface.unresolved', { status: string | null; reason: Reason }>
/** A test of whether the callback URL works. */
export type TestEvent = CheckEvent<'idface.test', { status: null; reason: null }>

/** Discriminated by `type`. A newer service may send further types: ignore them and answer 2xx. */
export type WebhookEvent = SucceededEvent | FailedEvent | UnresolvedEvent | TestEvent

const TYPES: Readonly<Record<WebhookEvent['type'], true>> = {
  'idface.succeeded': true,
  'idface.failed': true,
  'idface.unresolved': true,
  'idface.test': true,
}

export const isKnownType = (type: string): boolean => Object.hasOwn(TYPES, type)
