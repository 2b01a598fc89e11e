import type { Cancellation } from './registration.ts'
import type { BoundedCount, BulkActName, RegistrationFilter } from './registration-search.ts'

/**
 * `draft`: not begun; `probing`: one has been sent, and its outcome decides; `stopped`: by an operator, and may be started again;
 * `failed`: its probe did not arrive.
 */
export const BULK_STATES = ['draft', 'probing', 'running', 'stopped', 'done', 'failed'] as const
export type BulkState = (typeof BULK_STATES)[number]

export interface NewBulkAct {
  id: string
  /** The partner that has asked for it, for its own registrations; null: an operator has. */
  partnerId: string | null
  act: BulkActName
  /** Its times are fixed. */
  filter: RegistrationFilter
  reason: string
  /** The id and the name of the token or the API key that has made it. */
  who: string
  name: string
  /** Sends one, and goes on only once it has arrived. */
  probe: boolean
  /** How many there were when it was made. */
  counted: BoundedCount
  /** Before they were counted: what has changed since is not meant. */
  createdAt: number
}

/** An act on all registrations that a filter means, done bit by bit. */
export interface BulkAct extends NewBulkAct {
  state: BulkState
  /** When it was started last; null: never. */
  startedAt: number | null
  /** How many were done by then, or when its probe arrived, if that was later. */
  doneAtStart: number
  endedAt: number | null
  /** The registration that was sent as a probe, and when that arrived; null: not sent, or not known yet. */
  probeId: string | null
  probedAt: number | null
  /** To how many it was done. */
  done: number
  /** Why it has failed. */
  error: string | null
}

/** What one step of one bulk act has done. */
export interface BulkStep {
  count: number
  /** No bulk act could do a step: none is under way, or each waits for its probe. */
  isIdle: boolean
  /** Whose act it was: a partner's, or an operator's. */
  isOfPartner: boolean
  /** Registrations that it has cancelled. */
  cancelled: Cancellation[]
}

/** `too_many`: as many are under way as may be. */
export type BulkCommand =
  | { outcome: 'changed'; bulk: BulkAct }
  | { outcome: 'impossible'; state: BulkState }
  | { outcome: 'too_many' }

/** How many bulk acts of operators, and of each partner, may be under way. */
export const mostUnderWay = (partnerId: string | null): number => (partnerId === null ? 100 : 10)

/** How many bulk acts of operators, and of each partner, are kept that are not under way. */
export const bulkActsKept = (partnerId: string | null): number => (partnerId === null ? 1_000 : 100)

/** A node does those of operators to so many registrations a second at most, all together: a small share of the writes. */
export const BULK_RATE = 200
