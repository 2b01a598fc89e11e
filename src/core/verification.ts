import { type Answer, isWaitingStatus, type Verdict } from './answer.ts'
import { HOUR, MINUTE, SECOND } from './duration.ts'
import { silenceOf } from './outage.ts'
import { type PollSchedule, pollInterval } from './polling/schedule.ts'

/** Why a registration ended without a verdict. */
export const REASONS = ['expired', 'not_found', 'gone', 'invalid_id', 'unknown_status'] as const
export type Reason = (typeof REASONS)[number]

/** A registration that still waits for the verdict. Times are epoch ms. */
export interface Waiting {
  id: string
  createdAt: number
  expiresAt: number
}

/** What the answers so far have shown. */
interface Counts {
  /** Answers in a row that said nothing about the serial. */
  failures: number
  /** When the first of them came; null: the last answer said something about it. */
  failingSince: number | null
  /** Answers 4060 in a row. */
  invalidIds: number
  /** Upstream has shown a status for the serial at least once. */
  seen: boolean
  /** Answers 4061 in a row since it was seen, at least `maxMs` apart. */
  goneChecks: number
}

/** What the next step of a verification depends on. */
export interface VerificationState extends Counts {
  /** The latest registration or nudge ("the user is back"); the schedule counts the check's age from here. */
  nudgedAt: number
  /** When the call before this one was made. */
  lastPolledAt: number | null
  /** The last status that upstream has shown for the serial. */
  rawStatus: string | null
  waiting: readonly Waiting[]
}

export interface PollPolicy extends PollSchedule {
  settleMarginMs: number
  notFoundGraceMs: number
}

/** What to write after an answer. `dueAt` is null if nobody waits any more. */
export interface VerificationStep extends Counts {
  dueAt: number | null
  verdict: Verdict | null
  ended: readonly { registrationId: string; reason: Reason }[]
}

export interface PollMoment {
  now: number
  /** In [0, 1). */
  random: number
  policy: PollPolicy
  /** Other serials of the account get 4060 too, so the fault is not this serial's. */
  othersInvalid: boolean
  /** It may be so: the last of the others got 4060. */
  maybeOthersInvalid?: boolean | undefined
  /** The wait until the next poll after an answer that says to wait; the policy's rule unless given. */
  intervalMs?: number | undefined
  /** The account's last calls failed too, so it is not this serial that makes them fail. */
  othersFail?: boolean | undefined
  /** Nothing has broken the asking off unless given. */
  breaks?: Breaks | undefined
}

/** What keeps answers from ending anybody. Times are epoch ms. */
interface Breaks {
  /** When this process began to ask: its network may come up later than itself. */
  startedAt: number
  /** When the account's last pause or throttling ended; 0: there was none. Nothing was asked before. */
  resumedAt: number
}

/** After 4060 the serial is polled this many times more before it is given up. */
const INVALID_ID_RETRIES = 2
/** A serial that was seen and is now unknown counts as gone after this many confirmations. */
const GONE_CONFIRMATIONS = 2
const SLOW_BACK_OFF_MS = { min: MINUTE, max: 10 * MINUTE }
/** While no answer says anything about the serial, its deadlines are held open this long: from then, or from the first failure. */
const OUTAGE_GRACE_MS = 24 * HOUR
/** After a start failures end nobody for this long. */
const UNSURE_MS = MINUTE
const NO_BREAKS: Breaks = { startedAt: 0, resumedAt: 0 }
/** What an answer leaves of the counts that says something about the serial. */
const CALM = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

/** Decides what becomes of a verification after one answer. Account faults and throttling leave the row where it is. */
export const afterAnswer = (state: VerificationState, answer: Answer, moment: PollMoment): VerificationStep => {
  switch (answer.kind) {
    case 'verdict':
      return { ...CALM, seen: true, verdict: answer.verdict, dueAt: null, ended: [] }
    case 'waiting':
      return goOn(state, moment, { ends: endsAtDeadline('expired'), counts: { seen: true } })
    case 'unknown_status':
      return goOn(state, moment, { ends: endsAtDeadline('unknown_status'), counts: { seen: true } })
    case 'not_found':
      return state.seen ? afterGone(state, moment) : goOn(state, moment, { ends: endsNotFound })
    case 'invalid_id':
      return afterInvalidId(state, moment)
    case 'transient':
      return backOff(state, moment, answer)
    case 'throttled':
    case 'clock':
    case 'account':
      return stay(state, moment)
    default:
      return answer satisfies never
  }
}

/** The answer says nothing of this serial alone. */
const stay = (state: VerificationState, { now }: PollMoment): VerificationStep => {
  const { failures, failingSince, invalidIds, seen, goneChecks } = state
  return { failures, failingSince, invalidIds, seen, goneChecks, dueAt: now, verdict: null, ended: [] }
}

/** When, and for which reason, a registration ends after this answer. The earliest end wins. */
type Ends = (waiting: Waiting, policy: PollPolicy) => { at: number; reason: Reason }

const deadlineOf = ({ expiresAt }: Waiting, { settleMarginMs }: PollPolicy): number => expiresAt + settleMarginMs

/** What a deadline is called that passes without an answer of now about the status. */
const lateReason = ({ rawStatus }: VerificationState): Reason =>
  rawStatus === null || isWaitingStatus(rawStatus) ? 'expired' : 'unknown_status'

const endsAtDeadline =
  (reason: Reason): Ends =>
  (waiting, policy) => ({ at: deadlineOf(waiting, policy), reason })

/** All end now, except those whose deadline has passed. */
const endsNow =
  (state: VerificationState, { now }: PollMoment, reason: Reason): Ends =>
  (waiting, policy) => {
    const deadline = deadlineOf(waiting, policy)
    return deadline <= now ? { at: deadline, reason: lateReason(state) } : { at: now, reason }
  }

/** A day after the deadline, or after the first failure where that came later: until then, an answer may still come. */
const endsUnanswered = (state: VerificationState, { now, breaks = NO_BREAKS }: PollMoment): Ends => {
  const since = Math.max(state.failingSince ?? now, breaks.resumedAt)
  return (waiting, policy) => ({
    at: Math.max(Math.max(deadlineOf(waiting, policy), since) + OUTAGE_GRACE_MS, breaks.startedAt + UNSURE_MS),
    reason: lateReason(state),
  })
}

const endsNotFound: Ends = (waiting, policy) => {
  const deadline = deadlineOf(waiting, policy)
  const graceEnd = waiting.createdAt + policy.notFoundGraceMs
  return deadline <= graceEnd ? { at: deadline, reason: 'expired' } : { at: graceEnd, reason: 'not_found' }
}

/**
 * Ends the registrations whose time has come and polls again for the others: by age or after `delayMs`, and at the next end at the
 * latest.
 */
const goOn = (
  { waiting, nudgedAt, seen }: VerificationState,
  { now, policy, intervalMs = pollInterval(now - nudgedAt, policy) }: PollMoment,
  how: { ends: Ends; delayMs?: number; counts?: Partial<Counts> },
): VerificationStep => {
  const ends = waiting.map(one => ({ registrationId: one.id, ...how.ends(one, policy) }))
  const ended = ends.filter(end => end.at <= now).map(({ registrationId, reason }) => ({ registrationId, reason }))
  const nextEnd = Math.min(...ends.filter(end => end.at > now).map(end => end.at))
  const dueAt = Math.min(now + (how.delayMs ?? intervalMs), nextEnd)
  const counts = { ...CALM, seen, ...how.counts }
  return { ...counts, verdict: null, ended, dueAt: ended.length === waiting.length ? null : Math.ceil(dueAt) }
}

const afterGone = (state: VerificationState, moment: PollMoment): VerificationStep => {
  const { now, policy } = moment
  // A nudge or another registration's deadline may bring calls closer together; such calls confirm nothing.
  const confirms = state.goneChecks === 0 || now - (state.lastPolledAt ?? 0) >= policy.maxMs
  const goneChecks = state.goneChecks + (confirms ? 1 : 0)
  if (goneChecks > GONE_CONFIRMATIONS) return goOn(state, moment, { ends: endsNow(state, moment, 'gone') })
  const ends = endsAtDeadline(lateReason(state))
  return goOn(state, moment, { ends, delayMs: policy.maxMs, counts: { goneChecks } })
}

const afterInvalidId = (state: VerificationState, moment: PollMoment): VerificationStep => {
  const invalidIds = state.invalidIds + 1
  if (invalidIds <= INVALID_ID_RETRIES || (moment.maybeOthersInvalid && !moment.othersInvalid)) {
    const ends = endsAtDeadline(lateReason(state))
    return goOn(state, moment, { ends, delayMs: moment.policy.minMs, counts: { invalidIds } })
  }
  if (!moment.othersInvalid) return goOn(state, moment, { ends: endsNow(state, moment, 'invalid_id') })
  // GetResult has shown it before, so it is not malformed: the account is to blame.
  if (state.seen) return stay(state, moment)
  return goOn(state, moment, {
    ends: endsAtDeadline('invalid_id'),
    delayMs: 0,
    counts: { invalidIds: state.invalidIds },
  })
}

/**
 * Full jitter: anywhere up to a ceiling that doubles with each failure, so that a herd spreads out. Where GetResult cannot be reached the
 * account backs off, and the serial keeps its place: whatever is due is asked about as soon as there is an answer again.
 */
const backOff = (
  state: VerificationState,
  moment: PollMoment,
  answer: Extract<Answer, { kind: 'transient' }>,
): VerificationStep => {
  const { minMs, maxMs } = moment.policy
  const slow = answer.cause === 'unknown_code'
  const floor = slow ? SLOW_BACK_OFF_MS.min : Math.min(SECOND, minMs)
  const cap = slow ? SLOW_BACK_OFF_MS.max : maxMs
  const isOutage = moment.othersFail === true && silenceOf(answer) !== null
  const failures = isOutage ? Math.max(1, state.failures) : state.failures + 1
  const ceiling = Math.min(cap, Math.max(floor, minMs) * (isOutage ? 1 : 2 ** Math.min(failures, 20)))
  const delayMs = Math.max(floor, moment.random * ceiling)
  const { invalidIds, goneChecks, failingSince } = state
  const counts = { invalidIds, goneChecks, failures, failingSince: failingSince ?? moment.now }
  return goOn(state, moment, { ends: endsUnanswered(state, moment), delayMs, counts })
}

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
