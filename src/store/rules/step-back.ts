/** When a verification is due, and when the things happened that its due time goes by. Times are epoch ms. */
export interface VerificationTimes {
  dueAt: number
  claimedAt: number | null
  nudgedAt: number
  lastPolledAt: number | null
  lastOpenAt: number | null
  failingSince: number | null
}

/** The same of a message; `attemptedAt`: its last attempt that is recorded. */
export interface MessageTimes {
  dueAt: number
  claimedAt: number | null
  createdAt: number
  attemptedAt: number | null
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
 * The same of a message. It also says by how much those of its attempts are earlier that lie ahead. When it was created stays as it is:
 * readers of the events hold cursors with that time.
 */
export const messageWithoutLead = (
  { dueAt, claimedAt, createdAt, attemptedAt }: MessageTimes,
  at: number,
): { dueAt: number; claimedAt: number | null; leadMs: number } | null => {
  const isNew = claimedAt === null && attemptedAt === null
  const leadMs = leadOf(isNew ? [createdAt] : [claimedAt, attemptedAt], at)
  if (leadMs === 0 || (isNew && dueAt <= at)) return null
  return { dueAt: dueWithoutLead(dueAt, leadMs, at), claimedAt: withoutLead(claimedAt, leadMs, at), leadMs }
}

/** By how many ms the latest of these lies ahead; 0: none does. */
const leadOf = (happened: readonly (number | null)[], at: number): number =>
  Math.max(0, ...happened.map(time => (time ?? at) - at))

const withoutLead = <Time extends number | null>(time: Time, leadMs: number, at: number): Time =>
  (time !== null && time > at ? time - leadMs : time) as Time

/** What would be overdue is due now. */
const dueWithoutLead = (dueAt: number, leadMs: number, at: number): number =>
  dueAt > at ? Math.max(at, dueAt - leadMs) : dueAt
