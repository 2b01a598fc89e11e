import type {
  Attempt,
  ClaimedMessage,
  ClaimedVerification,
  MessageSettlement,
  VerificationOutcome,
  VerificationSettlement,
} from '../../store.ts'
import { list, nullable, plain, row } from './cells.ts'

/** What crosses the thread thousands of times a second. */

export const VERIFICATIONS = list(
  row<ClaimedVerification>({
    id: plain,
    claim: plain,
    partnerId: plain,
    idcardid: plain,
    dueAt: plain,
    polls: plain,
    nudgedAt: plain,
    lastPolledAt: plain,
    rawStatus: plain,
    failures: plain,
    failingSince: plain,
    invalidIds: plain,
    goneChecks: plain,
    seen: plain,
    waiting: list(row<ClaimedVerification['waiting'][number]>({ id: plain, createdAt: plain, expiresAt: plain })),
    traceparents: list(plain),
  }),
)

/** A claimed message without its bytes: those of all messages cross as one block. */
export type MessageHead = Omit<ClaimedMessage, 'body'> & { bytes: number }

export const MESSAGE_HEADS = list(
  row<MessageHead>({
    seq: plain,
    claim: plain,
    partnerId: plain,
    registrationId: plain,
    laneId: plain,
    slow: plain,
    proven: plain,
    host: plain,
    callbackUrl: plain,
    attempts: plain,
    retries: plain,
    traceparent: plain,
    createdAt: plain,
    dueAt: plain,
    bytes: plain,
  }),
)

const attempt = row<Attempt>({
  at: plain,
  outcome: plain,
  httpStatus: plain,
  error: plain,
  durationMs: plain,
  responseExcerpt: plain,
})

export const MESSAGE_SETTLEMENTS = list(
  row<MessageSettlement>({
    message: row<MessageSettlement['message']>({
      seq: plain,
      claim: plain,
      registrationId: plain,
      partnerId: plain,
      callbackUrl: plain,
      laneId: plain,
    }),
    step: row<MessageSettlement['step']>({ state: plain, dueAt: plain, retries: plain, gone: plain }),
    attempt: nullable(attempt),
    hostSignal: plain,
  }),
)

export const VERIFICATION_SETTLEMENTS = list(
  row<VerificationSettlement>({
    id: plain,
    claim: plain,
    idcardid: plain,
    answer: plain,
    askedAt: plain,
    observedAt: plain,
    step: row<VerificationSettlement['step']>({
      failures: plain,
      failingSince: plain,
      invalidIds: plain,
      goneChecks: plain,
      seen: plain,
      dueAt: plain,
      verdict: plain,
      ended: plain,
    }),
    account: plain,
  }),
)

export const VERIFICATION_OUTCOMES = list(
  nullable(
    row<VerificationOutcome>({
      verdict: nullable(row<NonNullable<VerificationOutcome['verdict']>>({ previousPollAt: plain })),
      ended: list(
        row<VerificationOutcome['ended'][number]>({
          registrationId: plain,
          partnerId: plain,
          createdAt: plain,
          reason: plain,
        }),
      ),
    }),
  ),
)
