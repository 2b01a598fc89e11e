import type { Answer } from '../core/answer.ts'
import { answerOfTestSerial, readTestSerial, type TestSerial } from '../core/test-serial.ts'
import { afterAnswer, type PollPolicy, type VerificationStep, type Waiting } from '../core/verification.ts'
import type { ClaimedVerification } from '../store/verifications/verification.ts'

/**
 * Answers a test serial locally, by the age of the oldest registration that waits for it. `test_expire_5s` and
 * `test_unknown_5s` end after their 5 s, and an unknown serial is given up at once: testers need not wait for
 * SETTLE_MARGIN or NOT_FOUND_GRACE.
 */
export const answerTestSerial = (
  verification: ClaimedVerification,
  { now, policy }: { now: number; policy: PollPolicy },
): { answer: Answer; step: VerificationStep } => {
  // Null: registered by a version that knows more test serials.
  const serial = readTestSerial(verification.idcardid) ?? (readTestSerial('test_notfound') as TestSerial)
  const since = Math.min(...verification.waiting.map(one => one.createdAt))
  const answer = answerOfTestSerial(serial, now - since)
  const waiting = verification.waiting.map(one => withTestDeadline(one, serial))
  const moment = { now, askedAt: now, random: 0, policy: { ...policy, ...IMPATIENT }, othersInvalid: false }
  const step = afterAnswer({ ...verification, waiting }, answer, moment)
  const endsAt = since + serial.afterMs
  return { answer, step: step.dueAt !== null && endsAt > now ? { ...step, dueAt: Math.min(step.dueAt, endsAt) } : step }
}

const IMPATIENT = { settleMarginMs: 0, notFoundGraceMs: 0 }

const withTestDeadline = (waiting: Waiting, { outcome, afterMs }: TestSerial): Waiting =>
  outcome === 'expire' || outcome === 'unknown'
    ? { ...waiting, expiresAt: Math.min(waiting.expiresAt, waiting.createdAt + afterMs) }
    : waiting
