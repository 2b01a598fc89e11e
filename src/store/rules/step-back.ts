import { LOOK_AGAIN_MS, UNSIGNED_MS } from './look-again.ts'
import { type Ramp, rampEndsAt } from './ramp.ts'

/** When a verification is due, and when the things happened that its due time goes by. Times are epoch ms. */
export interface VerificationTimes {
  dueAt: number
  claimedAt: number | null
  nudgedAt: number
  lastPolledAt: number | null
  lastOpenAt: number | null
  failingSince: number | null
}

/** The same of a message, and of the ramp of its lane. */
export interface MessageTimes extends Ramp {
  dueAt: number
  claims: number
  claimedAt: number | null
  createdAt: number
  /** Its last attempt that is recorded, and the claim of that. */
  attemptedAt: number | null
  attemptedClaim: number | null
}

/**
 * A verification that waits, once the system's clock was set back; null: it stays as it is. What has happened cannot lie ahead: so all
 * of it that does is earlier by the lead of the latest, and the verification waits, from now on, as long as it would have from then.
 */
export const verificationWithoutLead = (times: VerificationTimes, at: number): VerificationTimes | null => {
  const { dueAt, claimedAt, nudgedAt, lastPolledAt, lastOpenAt, failingSince } = times
  const leadMs = leadOf([claimedAt, nudgedAt, lastPolledAt, lastOpenAt, failingSince], at)
  if (leadMs === 0) return null
  const without = <Time extends number | null>(time: Time) => withoutLead(time, leadMs, at)
  return {
    dueAt: dueWithoutLead(dueAt, leadMs, at),
    claimedAt: without(claimedAt),
    nudgedAt: without(nudgedAt),
    lastPolledAt: without(lastPolledAt),
    lastOpenAt: without(lastOpenAt),
    failingSince: without(failingSince),
  }
}

/**
 * The same of a message; where it was given back, put off or resent, nothing says when: so it is due no later than any such message
 * can be. It also says by how much those of its attempts are earlier that lie ahead. When it was created stays as it is:
 * readers of the events hold cursors with that time.
 */
export const messageWithoutLead = (
  message: MessageTimes,
  at: number,
): { dueAt: number; claimedAt: number | null; leadMs: number } | null => {
  const { dueAt, claims, claimedAt, createdAt, attemptedAt, attemptedClaim } = message
  const isNew = claimedAt === null && attemptedAt === null
  const leadMs = leadOf(isNew ? [createdAt] : [claimedAt, attemptedAt], at)
  const hasLead = leadMs > 0 && !(isNew && dueAt <= at)
  const planned = hasLead ? dueWithoutLead(dueAt, leadMs, at) : dueAt
  const isPlannedByAttempt = attemptedClaim === claims
  const due = claimedAt !== null || isPlannedByAttempt ? planned : withinOurDelays(planned, message, at)
  if (!hasLead && due === dueAt) return null
  return { dueAt: due, claimedAt: withoutLead(claimedAt, leadMs, at), leadMs }
}

/** What would wait longer than our own side ever puts a message off is due now, or where its ramp, begun now, has it. */
const withinOurDelays = (dueAt: number, ramp: Ramp, at: number): number => {
  if (dueAt <= Math.max(at + LOOK_AGAIN_MS, rampEndsAt(ramp, at))) return dueAt
  const rampLeadMs = Math.max(0, (ramp.rampAt ?? at) - at)
  return rampLeadMs === 0 ? at : Math.min(at + LOOK_AGAIN_MS, dueWithoutLead(dueAt, rampLeadMs, at))
}

/** Whether a lane was put off, while the clock was ahead, for longer than one ever is, and has a message that is due before. */
export const isLaneLate = (lane: { dueAt: number | null }, message: { dueAt: number }, at: number): boolean =>
  lane.dueAt !== null && lane.dueAt > Math.max(message.dueAt, at + UNSIGNED_MS)

/** By how many ms the latest of these lies ahead; 0: none does. */
const leadOf = (happened: readonly (number | null)[], at: number): number =>
  Math.max(0, ...happened.map(time => (time ?? at) - at))

const withoutLead = <Time extends number | null>(time: Time, leadMs: number, at: number): Time =>
  (time !== null && time > at ? time - leadMs : time) as Time

/** What would be overdue is due now. */
const dueWithoutLead = (dueAt: number, leadMs: number, at: number): number =>
  dueAt > at ? Math.max(at, dueAt - leadMs) : dueAt
