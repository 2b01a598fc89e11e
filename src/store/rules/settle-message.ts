import { earlier } from '../../core/clock.ts'
import type { MessageState } from '../../core/message.ts'
import { afterAttemptInLane, isSameLane, type Lane, type LaneState } from '../messages/lanes.ts'
import type { Attempt, MessageOutcome, MessageSettlement } from '../store.ts'

/** A message when an attempt of it is to be written. */
export interface MessageFacts {
  seq: number
  registrationId: string
  state: MessageState
  dueAt: number | null
  claimedAt: number | null
  claims: number
  /** A resend sets it to the count of claims: what was claimed before decides nothing any more. */
  fence: number
  attempts: number
  /** Attempts that were under way at a resend, and are not written yet. */
  unrecorded: number
  retries: number
  /** Its registration was cancelled, and its text erased. */
  isErased: boolean
  /** This claim's attempt has been written already. */
  isRecorded: boolean
}

/** The columns that an attempt changes. */
export type MessageUpdate = Pick<
  MessageFacts,
  'seq' | 'state' | 'dueAt' | 'claimedAt' | 'attempts' | 'unrecorded' | 'retries'
>

/** Of a message, the newest. */
export const KEPT_ATTEMPTS = 50

export interface MessagePlan {
  update: MessageUpdate
  /** Its number is that of the claim, so that it can be written once only. */
  attempt: (Attempt & { n: number }) | null
  lane: LaneState
  /** The receiver answered 410: hold whatever else is for this URL. */
  pauses: boolean
  /** Null: it goes on, or has ended before. */
  end: MessageOutcome
}

/** Whether this claim's attempt may have been written already, so that it has to be looked for. */
export const mayBeRecorded = (facts: Pick<MessageFacts, 'claims' | 'claimedAt'>, claim: number): boolean =>
  facts.claims !== claim || facts.claimedAt === null

/**
 * What an attempt changes; null: nothing, since the message is gone or the attempt is written already. An attempt whose
 * claim no longer holds is written, and a 2xx of it still delivers, unless the message has been resent since.
 */
export const settleMessage = (
  { message: { claim, registrationId }, step, attempt, hostSignal }: MessageSettlement,
  facts: MessageFacts | null,
  lane: LaneState,
): MessagePlan | null => {
  if (facts?.registrationId !== registrationId || facts.isRecorded) return null
  const { seq, state, dueAt, claimedAt, attempts, unrecorded, retries } = facts
  const holds = facts.claims === claim && claimedAt !== null && state === 'pending'

  if (attempt === null) {
    if (!holds || step.dueAt === null) return null
    const update = { seq, state, dueAt: step.dueAt, claimedAt: null, attempts, unrecorded, retries }
    const next = { ...lane, dueAt: earlier(lane.dueAt, step.dueAt) }
    return { update, attempt: null, lane: next, pauses: false, end: null }
  }

  const delivers = step.state === 'delivered' && state === 'pending' && facts.fence <= claim
  // What was under way at a resend has its number since then.
  const left = claim < facts.fence ? Math.max(0, unrecorded - 1) : unrecorded
  const counted = { seq, state, dueAt, claimedAt, retries, attempts: attempts + 1, unrecorded: left }
  const update = delivers
    ? { ...counted, state: 'delivered' as const, dueAt: null, claimedAt: null }
    : holds
      ? { ...counted, state: step.state, dueAt: step.dueAt, retries: step.retries, claimedAt: null }
      : counted
  const next = afterAttemptInLane(lane, hostSignal)
  return {
    update,
    // What was erased during the attempt stays erased.
    attempt: { ...attempt, n: claim, responseExcerpt: facts.isErased ? null : attempt.responseExcerpt },
    lane: holds && !delivers ? { ...next, dueAt: earlier(next.dueAt, step.dueAt) } : next,
    pauses: step.gone && holds,
    end: delivers ? 'delivered' : holds && step.state === 'exhausted' ? (step.gone ? 'gone' : 'exhausted') : null,
  }
}

/**
 * Whether all that these do leaves a lane as it is, whatever becomes of each message: nothing is due again, and what they show of its host
 * is known already.
 */
export const leavesLanes = (settlements: readonly Pick<MessageSettlement, 'message' | 'step' | 'hostSignal'>[]) => {
  const byLane = Map.groupBy(settlements, ({ message }) => message.laneId)
  return (lane: Lane): boolean =>
    (byLane.get(lane.id) ?? []).every(
      ({ step, hostSignal }) => step.dueAt === null && isSameLane(afterAttemptInLane(lane, hostSignal), lane),
    )
}
