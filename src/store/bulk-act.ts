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
  act: BulkActName
  /** Its times are fixed. */
  filter: RegistrationFilter
  reason: string
  /** The id and the name of the token that has made it. */
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
  /** Registrations that it has cancelled. */
  cancelled: Cancellation[]
  /** For so long no node does another step. */
  waitMs: number
}

/** `too_many`: as many are under way as may be. */
export type BulkCommand =
  | { outcome: 'changed'; bulk: BulkAct }
  | { outcome: 'impossible'; state: BulkState }
  | { outcome: 'too_many' }

/** So many bulk acts are under way at most: each turn looks at all of their probes. */
export const MOST_UNDER_WAY = 100

/** To so many registrations a second they are done at most, all bulk acts and nodes together: a small share of the writes. */
export const BULK_RATE = 200

/** How fast the steps of all nodes together may be. */
export interface BulkPace {
  /** Registrations. */
  perSecond: number
  /** Between two steps, whatever they do. */
  gapMs: number
}

export const BULK_PACE: BulkPace = { perSecond: BULK_RATE, gapMs: 50 }

/** So many bulk acts are kept that are not under way. */
export const BULK_ACTS_KEPT = 1_000
