import type { VerificationStep } from './verification.ts'

/** At its third poll a new serial has had time to become visible. */
const LOOKUP_POLLS = 3

/**
 * Whether upstream knows the serial: `found` at the first poll that shows it, `not_found` at the third that does not, or
 * earlier when it is given up. Null at every other poll, so that each serial counts once.
 *
 * @param verification as it was before this poll
 * @param step what the answer to this poll leads to
 */
export const lookupOf = (
  { seen, polls }: { seen: boolean; polls: number },
  step: Pick<VerificationStep, 'seen' | 'failures' | 'ended'>,
): 'found' | 'not_found' | null => {
  if (seen) return null
  if (step.seen) return 'found'
  const isGivenUp = polls + 1 < LOOKUP_POLLS && step.ended.some(({ reason }) => reason === 'not_found')
  const isThird = polls + 1 === LOOKUP_POLLS && step.failures === 0
  return isThird || isGivenUp ? 'not_found' : null
}
