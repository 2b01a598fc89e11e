import type { ClaimedAccount, VerificationOutcome, VerificationSettlement } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Tells of a verdict and of what has ended with it, once that is recorded. */
export const createOutcomeReport =
  (emit: Emit<'verdict.found' | 'registration.ended'>) =>
  (
    { apiId: account }: Pick<ClaimedAccount, 'apiId'>,
    { step, observedAt }: Pick<VerificationSettlement, 'step' | 'observedAt'>,
    { verdict, ended }: VerificationOutcome,
  ): void => {
    if (verdict && step.verdict) {
      const status = step.verdict.status === 'SUCCESS' ? 'succeeded' : 'failed'
      const lagMs = verdict.previousPollAt === null ? null : since(verdict.previousPollAt, observedAt)
      emit('verdict.found', { account, status, registrations: ended.length, lagMs })
    }
    for (const { registrationId, partnerId, createdAt, reason } of ended) {
      const end = reason === null ? 'verdict' : 'unresolved'
      emit('registration.ended', { registrationId, partnerId, end, reason, ageMs: since(createdAt, observedAt) })
    }
  }

/** The clock may have been set back in between. */
const since = (from: number, to: number): number => Math.max(0, to - from)
