import type { VerificationRelease } from '../store.ts'
import type { VerificationFacts } from './settle-verification.ts'

/** The columns that giving back a claim changes. */
export interface ReleaseUpdate {
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
