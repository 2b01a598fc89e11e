import { MINUTE } from '../core/duration.ts'
import type { OperatorCondition, OperatorEvent } from '../core/operator-event.ts'
import type { CallbackHealth } from './rules/callback-health.ts'

/** What is over: no URL of the host is so any more. */
export type EndedCallbackEvent = Pick<OperatorEvent, 'subject'> & {
  condition: 'callback.failing' | 'callback.disabled'
}

/** Of which state of a URL an event tells. */
export const CALLBACK_EVENTS = {
  'callback.failing': 'failing',
  'callback.disabled': 'disabled',
} as const satisfies Record<EndedCallbackEvent['condition'], CallbackHealth['state']>

/** What came of each note, in order: there is something to tell now, later or never, or nothing has changed. */
export interface NotedOperatorEvents {
  results: readonly ('due' | 'counted' | 'same')[]
  /** What had to go, because there are more than are kept. */
  dropped: readonly OperatorCondition[]
}

export interface OperatorClaimRequest {
  limit: number
  leaseMs: number
  /** From now on nobody claims for so long. */
  gapMs: number
}

export interface ClaimedOperatorEvent extends OperatorEvent {
  id: number
  /** The fencing token. */
  claim: number
  /** How often it could not be told, in a row. */
  tries: number
}

export interface ClaimedOperatorEvents {
  events: readonly ClaimedOperatorEvent[]
  /** When there may be more to claim, if nothing is noted; null: nothing waits. */
  nextAt: number | null
}

export interface OperatorSettlement {
  id: number
  claim: number
  /** `told`: that it was so; `failed`: to be tried again then; `refused`: it is not tried again as it is. */
  outcome:
    | { kind: 'told'; state: OperatorEvent['state']; count: number }
    | { kind: 'failed'; dueAt: number }
    | { kind: 'refused' }
}

/** A time that lies further ahead than anybody asks for was written before the clock was set back, and is over. */
const LONGEST_PAUSE_MS = 30 * MINUTE

/** When the next may claim, of when that is said to be. */
export const claimableFrom = (saidAt: number | null, now: number): number =>
  saidAt === null || saidAt > now + LONGEST_PAUSE_MS ? now : saidAt
