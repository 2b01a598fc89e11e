import { type Answer, checkStateOf, type Verdict } from '../../core/answer.ts'
import { type MessageType, webhookBody } from '../../core/message.ts'
import { outcomeOfVerdict, type RegistrationStatus } from '../../core/registration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { VerificationOutcome, VerificationRelease, VerificationSettlement } from '../store.ts'
import { queueAfterPoll } from '../verifications/poll-queues.ts'

/** A registration that waits for its verdict, as far as its end needs it. */
export interface WaitingRegistration {
  /** Its key: the verification, and which of its registrations it is. */
  verificationId: number
  n: number
  id: string
  partnerId: string
  laneId: number
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  traceparent: string | null
  createdAt: number
}

/** A registration that ends now. Times are epoch ms. */
export interface Ending {
  registration: WaitingRegistration
  accountId: string
  idcardid: string
  /** Null: it ends without one, for `reason`. */
  verdict: Verdict | null
  reason: Reason | null
  /** The last status upstream has shown. */
  rawStatus: string | null
  observedAt: number
  previousPollAt: number | null
}

/** What to write when a registration ends: its end and its message, in the same transaction. */
export interface Resolution {
  registration: Pick<WaitingRegistration, 'verificationId' | 'n' | 'id'> & {
    status: RegistrationStatus
    reason: Reason | null
    resolvedAt: number
  }
  message: {
    partnerId: string
    registrationId: string
    laneId: number
    callbackUrl: string
    type: MessageType
    /** The text of the webhook, before it is sealed. */
    body: string
    /** It is due at once. */
    createdAt: number
    traceparent: string | null
  }
}

/** @param how.thin the partner's webhooks leave out the scores and the message */
export const resolve = (
  { registration, accountId, idcardid, verdict, reason, rawStatus, observedAt, previousPollAt }: Ending,
  { at, thin }: { at: number; thin: boolean },
): Resolution => {
  const { verificationId, n, id, partnerId, laneId, callbackUrl, metadata, traceparent } = registration
  const { status, type } = outcomeOfVerdict(verdict)
  const body = webhookBody({
    type,
    timestamp: at,
    registrationId: id,
    idcardid,
    status: verdict?.status ?? rawStatus,
    reason,
    verdict,
    thin,
    sandbox: accountId === TEST_ACCOUNT_ID,
    metadata,
    observedAt,
    previousPollAt,
  })
  return {
    registration: { verificationId, n, id, status, reason, resolvedAt: at },
    message: { partnerId, registrationId: id, laneId, callbackUrl, type, body, createdAt: at, traceparent },
  }
}

/** A verification when an answer about it is to be written. */
export interface VerificationFacts {
  id: number
  idcardid: string
  accountId: string
  partnerId: string
  claims: number
  claimedAt: number | null
  nudgedAt: number
  queue: number
  polls: number
  /** When the last poll was made that showed the check still open. */
  lastOpenAt: number | null
  rawStatus: string | null
  /** It has its verdict. */
  isResolved: boolean
  /** Its pending registrations; empty unless `endsSomebody` says that they are needed. */
  waiting: readonly WaitingRegistration[]
}

/** The columns that an answer changes. */
export interface VerificationUpdate {
  id: number
  polls: number
  lastPolledAt: number
  lastAnswer: Answer['kind']
  lastCode: number | null
  lastOpenAt: number | null
  failures: number
  failingSince: number | null
  invalidIds: number
  goneChecks: number
  seen: boolean
  rawStatus: string | null
  queue: number
  dueAt: number | null
  verdict: Verdict | null
  observedAt: number | null
  previousPollAt: number | null
}

export interface VerificationPlan {
  /** The claim ends with it. */
  update: VerificationUpdate
  endings: readonly Ending[]
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
export const settleVerification = (
  settlement: VerificationSettlement,
  facts: VerificationFacts | null,
  at: number,
): VerificationPlan | null => {
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
  return {
    update: {
      id: facts.id,
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
    endings: ending.map(registration => ({
      registration,
      accountId: facts.accountId,
      idcardid: facts.idcardid,
      verdict: step.verdict,
      reason: reasons.get(registration.id) ?? null,
      rawStatus,
      observedAt,
      previousPollAt: facts.lastOpenAt,
    })),
  }
}

/** The verification as the next answer of the same transaction finds it. */
export const afterSettling = (facts: VerificationFacts, { update, endings }: VerificationPlan): VerificationFacts => {
  const { polls, lastOpenAt, rawStatus, queue, verdict } = update
  const ended = new Set(endings.map(({ registration }) => registration.id))
  const waiting = facts.waiting.filter(({ id }) => !ended.has(id))
  return { ...facts, claimedAt: null, polls, lastOpenAt, rawStatus, queue, isResolved: verdict !== null, waiting }
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

/** The registrations that these have ended. */
export const endedBy = (outcomes: readonly (VerificationOutcome | null)[]): string[] =>
  outcomes.flatMap(outcome => outcome?.ended.map(({ registrationId }) => registrationId) ?? [])

/** The columns that giving back a claim changes. */
interface ReleaseUpdate {
  id: number
  claims: number
  dueAt: number
}

/**
 * What giving back a claim changes; null: nothing, since it no longer holds. The count of claims goes up, so that a verdict
 * which comes of the call all the same can be told apart from one that is settled, and counts.
 *
 * @param at epoch ms
 */
export const releaseVerification = (
  { id, claim, dueAt }: VerificationRelease,
  facts: Pick<VerificationFacts, 'claims' | 'claimedAt'> | null,
  at: number,
): ReleaseUpdate | null => {
  if (facts === null || facts.claims !== claim || facts.claimedAt === null) return null
  return { id, claims: claim + 1, dueAt: Math.min(dueAt, at) }
}

/** The verification as the next release of the same transaction finds it. */
export const afterReleasingOne = ({ claims }: ReleaseUpdate): Pick<VerificationFacts, 'claims' | 'claimedAt'> => ({
  claims,
  claimedAt: null,
})
