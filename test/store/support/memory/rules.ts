import { afterAccountChange, withoutStepBack } from '../../../../src/core/account.ts'
import { resent } from '../../../../src/core/message.ts'
import { afterAttemptAt, endsHold } from '../../../../src/store/rules/callback-health.ts'
import { cancelRegistration } from '../../../../src/store/rules/cancel.ts'
import { rampedInLane } from '../../../../src/store/rules/lane.ts'
import { queueOfNew, takeDue } from '../../../../src/store/rules/poll-queues.ts'
import { nudge, register } from '../../../../src/store/rules/register.ts'
import { releaseVerification } from '../../../../src/store/rules/release-verification.ts'
import { resolve } from '../../../../src/store/rules/resolve.ts'
import { mayErase } from '../../../../src/store/rules/retention.ts'
import { settleMessage } from '../../../../src/store/rules/settle-message.ts'
import { settleVerification } from '../../../../src/store/rules/settle-verification.ts'
import { shareSlots } from '../../../../src/store/rules/share-slots.ts'
import { firstsAndRetries } from '../../../../src/store/rules/take-messages.ts'

/**
 * By what the reference store decides: the rules that every engine goes by. The last three are an engine's own duties, said
 * here so that a test can break each of them alone.
 */
export const RULES = {
  withoutStepBack,
  afterAccountChange,
  afterAttemptAt,
  cancelRegistration,
  mayErase,
  endsHold,
  nudge,
  queueOfNew,
  rampedInLane,
  register,
  releaseVerification,
  resent,
  resolve,
  settleMessage,
  settleVerification,
  shareSlots,
  takeDue,
  firstsAndRetries,
  nextEvent: (newest: number): number => newest + 1,
  /** What a claim writes to a message that it holds back. */
  held: ({ claims }: { claims: number }) => ({ claims: claims + 1, claimedAt: null, dueAt: null }),
  /** Whether a resend ends the pause of its URL. */
  resendLifts: (): boolean => true,
}

export type Rules = typeof RULES
