import { MINUTE } from '../core/duration.ts'
import {
  afterTold,
  LONGEST_OPERATOR_WAIT_MS,
  type OperatorCondition,
  type OperatorDetails,
  type OperatorEvent,
} from '../core/operator-event.ts'
import { type CallbackHealth, STILL_FAILING_MS } from './rules/callback.ts'

/** What is over: no URL of the host is so any more. */
export type EndedCallbackEvent = Pick<OperatorEvent, 'subject'> & {
  condition: 'callback.failing' | 'callback.disabled'
}

/** Of which state of a URL an event tells. */
const CALLBACK_EVENTS = {
  'callback.failing': 'failing',
  'callback.disabled': 'disabled',
} as const satisfies Record<EndedCallbackEvent['condition'], CallbackHealth['state']>

/** What came of each note, in order: there is something to tell now, later or never, or nothing has changed. */
export interface NotedOperatorEvents {
  results: readonly ('due' | 'counted' | 'same')[]
  /** What had to go, because there are more than are kept. */
  dropped: readonly OperatorCondition[]
}

/** @param after what noting it has made of an event; null: nothing is to be written */
export const notedAs = (after: OperatorEvent | null, now: number): NotedOperatorEvents['results'][number] => {
  if (after === null) return 'same'
  return after.dueAt !== null && after.dueAt <= now ? 'due' : 'counted'
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

export interface OperatorSettlement extends Pick<ClaimedOperatorEvent, 'condition' | 'subject' | 'claim'> {
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

/**
 * When there may be something to claim; null: nothing waits.
 *
 * @param due when the first and the last of all that waits are due
 * @param claimableAt when the next may claim
 */
export const nextClaimAt = (
  { first, last }: { first: number | null; last: number | null },
  claimableAt: number,
  now: number,
): number | null => {
  if (first === null || last === null) return null
  const dueAt = last > now + LONGEST_OPERATOR_WAIT_MS ? Math.min(first, now) : first
  return Math.max(dueAt, claimableAt)
}

/** What changes of an event whose claim is settled so. */
export const afterSettling = (
  event: OperatorEvent & Pick<ClaimedOperatorEvent, 'tries'>,
  outcome: OperatorSettlement['outcome'],
  now: number,
): Partial<Pick<OperatorEvent, 'toldState' | 'toldAt' | 'dueAt'>> & Pick<ClaimedOperatorEvent, 'tries'> => {
  switch (outcome.kind) {
    case 'told':
      return { ...afterTold(event, outcome, now), tries: 0 }
    case 'failed':
      return { dueAt: outcome.dueAt, tries: event.tries + 1 }
    case 'refused':
      return { dueAt: null, tries: 0 }
    default:
      throw outcome satisfies never
  }
}

/** URLs of a host, from the text `from` on and before `until`, that are as an event says. */
export interface UrlsOfHost {
  partnerId: string
  from: string
  until: string
  state: CallbackHealth['state']
  /** Their last attempt was later. */
  since: number
}

/** Where URLs may be of which an event still tells. @param details JSON */
export const urlsOfEvent = (
  { condition, details }: Pick<EndedCallbackEvent, 'condition'> & { details: string },
  now: number,
): UrlsOfHost[] => {
  const { partnerId, host } = JSON.parse(details) as OperatorDetails['callback.failing']
  const state = CALLBACK_EVENTS[condition]
  const since = state === 'failing' ? now - STILL_FAILING_MS : 0
  // The character behind the slash is the zero.
  return ['https', 'http'].map(scheme => ({
    partnerId,
    from: `${scheme}://${host}/`,
    until: `${scheme}://${host}0`,
    state,
    since,
  }))
}
