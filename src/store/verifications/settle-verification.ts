import { checkStateOf } from '../../core/answer.ts'
import type { Ending, WaitingRegistration } from '../registrations/resolutions.ts'
import type { Row } from '../tx.ts'
import { queueAfterPoll } from './poll-queues.ts'
import type { VerificationOutcome, VerificationSettlement } from './verification.ts'

/** The columns that an answer is settled by. */
export const SETTLED_BY = [
  'id',
  'idcardid',
  'accountId',
  'partnerId',
  'claims',
  'claimedAt',
  'nudgedAt',
  'queue',
  'polls',
  'lastOpenAt',
  'rawStatus',
] as const

/** A verification when an answer about it is to be written. */
export interface VerificationFacts extends Pick<Row<'verifications'>, (typeof SETTLED_BY)[number]> {
  /** It has its verdict. */
  isResolved: boolean
  /** Its pending registrations; empty unless `endsSomebody` says that they are needed. */
  waiting: readonly WaitingRegistration[]
}

/** Whether it ends registrations, so that the pending ones have to be loaded. */
export const endsSomebody = ({ step }: VerificationSettlement): boolean =>
  step.verdict !== null || step.ended.length > 0 || step.dueAt === null

/**
 * What an answer changes; null: nothing. The first verdict counts for everybody who waits, whoever brings it and however
 * late. Any other step counts only for the claim that holds, and once.
 *
 * @param at epoch ms
 */
export const settleVerification = (settlement: VerificationSettlement, facts: VerificationFacts | null, at: number) => {
  const { claim, idcardid, account, step, answer, askedAt, observedAt } = settlement
  if (facts?.idcardid !== idcardid || facts.accountId !== account.id || facts.isResolved) return null
  const isLatest = facts.claims === claim
  const isSettled = isLatest && facts.claimedAt === null
  if (isSettled || (!isLatest && step.verdict === null)) return null

  const { waiting } = facts
  const reasons = new Map(step.ended.map(({ registrationId, reason }) => [registrationId, reason]))
  const ending = step.verdict === null ? waiting.filter(({ id }) => reasons.has(id)) : waiting
  // Perhaps nobody is left: then nothing is asked any more.
  const everybodyEnds = endsSomebody(settlement) && ending.length === waiting.length
  // Where everybody has cancelled during the call, nobody may be told the verdict, so it is not kept.
  const verdict = waiting.length === 0 ? null : step.verdict
  const rawStatus = 'status' in answer ? answer.status : (verdict?.status ?? facts.rawStatus)
  const isNudged = facts.claimedAt !== null && facts.nudgedAt > facts.claimedAt
  // What says nothing about the serial leaves it where it was, at the end of its queue.
  const leavesPlace = step.dueAt !== null && step.dueAt <= observedAt
  const dueAt = isNudged ? at : (step.dueAt ?? at)
  const endings = ending.map(
    (registration): Ending => ({
      registration,
      accountId: facts.accountId,
      idcardid: facts.idcardid,
      verdict: step.verdict,
      reason: reasons.get(registration.id) ?? null,
      rawStatus,
      observedAt,
      previousPollAt: facts.lastOpenAt,
    }),
  )
  return {
    // The claim ends with it.
    update: {
      id: facts.id,
      claimedAt: null,
      polls: facts.polls + 1,
      lastPolledAt: askedAt,
      lastAnswer: answer.kind,
      lastCode: answer.code,
      lastOpenAt: checkStateOf(answer) === 'open' ? askedAt : facts.lastOpenAt,
      failures: step.failures,
      failingSince: step.failingSince,
      invalidIds: step.invalidIds,
      goneChecks: step.goneChecks,
      seen: step.seen,
      rawStatus,
      // A nudge that came during the call is answered by another call at once.
      queue: isNudged || leavesPlace ? facts.queue : queueAfterPoll(facts.queue, dueAt - askedAt),
      dueAt: everybodyEnds ? null : dueAt,
      verdict,
      observedAt: verdict && observedAt,
      previousPollAt: verdict && facts.lastOpenAt,
    },
    endings,
  }
}

export type VerificationPlan = NonNullable<ReturnType<typeof settleVerification>>

/** The verification as the next answer of the same transaction finds it. */
export const afterSettling = (facts: VerificationFacts, { update, endings }: VerificationPlan): VerificationFacts => {
  const ended = new Set(endings.map(({ registration }) => registration))
  const waiting = facts.waiting.filter(registration => !ended.has(registration))
  return { ...facts, ...update, isResolved: update.verdict !== null, waiting }
}

/** What is told of a plan once it is durable; null: it ends nobody. */
export const outcomeOf = ({ update, endings }: VerificationPlan): VerificationOutcome | null =>
  endings.length === 0
    ? null
    : {
        verdict: update.verdict && { previousPollAt: update.previousPollAt },
        ended: endings.map(({ registration: { id: registrationId, partnerId, createdAt }, reason }) => {
          return { registrationId, partnerId, createdAt, reason }
        }),
      }
