import { type Answer, isWaitingStatus, type Verdict } from './answer.ts'
import { HOUR, MINUTE, SECOND } from './duration.ts'
import { silenceOf } from './outage.ts'
import { type PollSchedule, pollInterval } from './polling/schedule.ts'

/** Why a registration ended without a verdict. */
export const REASONS = ['expired', 'not_found', 'gone', 'invalid_id', 'unknown_status'] as const
export type Reason = (typeof REASONS)[number]

/** A registration that waits for the verdict. Times are epoch ms. */
export interface Waiting {
  id: string
  createdAt: number
  expiresAt: number
}

/** Counters over the answers so far. */
interface Counts {
  /** Consecutive answers that say nothing about the serial. */
  failures: number
  /** Time of the first of them, or null if `failures` is 0. */
  failingSince: number | null
  /** Consecutive 4060 answers. */
  invalidIds: number
  /** Whether upstream has ever shown a status for the serial. */
  seen: boolean
  /** Consecutive 4061 answers since the serial was seen; each counts at least `recheckMs` after the one before. */
  goneChecks: number
}

/** The state that decides the next step of a verification. */
export interface VerificationState extends Counts {
  /** Time of the latest registration or nudge ("the user is back"), from which the schedule counts the check's age. */
  nudgedAt: number
  /** Time of the previous poll. */
  lastPolledAt: number | null
  /** Last status that upstream has shown for the serial. */
  rawStatus: string | null
  waiting: readonly Waiting[]
}

export interface PollPolicy extends PollSchedule {
  settleMarginMs: number
  notFoundGraceMs: number
}

/** Changes to write after an answer. `dueAt` is null if no registration waits any more. */
export interface VerificationStep extends Counts {
  dueAt: number | null
  verdict: Verdict | null
  ended: readonly { registrationId: string; reason: Reason }[]
}

export interface PollMoment {
  now: number
  /** When the poll was sent. Its answer may be from then, so it ends only what was due to end then. */
  askedAt: number
  /** In [0, 1). */
  random: number
  policy: PollPolicy
  /** Other serials of the account get 4060 too, so this serial is not at fault. */
  othersInvalid: boolean
  /** `othersInvalid` is possible: the last answer about another serial was 4060. */
  maybeOthersInvalid?: boolean | undefined
  /** Delay of the next poll after an answer that says to wait; by default the policy's rule. */
  intervalMs?: number | undefined
  /** The account's last calls failed too, so this serial is not at fault. */
  othersFail?: boolean | undefined
  /** Interruptions of polling; none by default. */
  breaks?: Breaks | undefined
}

/** Interruptions of polling. They postpone the end of registrations after failed polls. Times are epoch ms. */
interface Breaks {
  /** When this process began to poll: its network may come up later than the process. */
  startedAt: number
  /** When the account's last pause or throttling ended, before which nothing was polled; 0 if it had none. */
  resumedAt: number
}

const RECHECK_MS = 5 * MINUTE
/** Interval between confirmations that a serial is gone, and the longest after a failure: old checks are polled too rarely for either. */
export const recheckMs = ({ maxMs }: Pick<PollSchedule, 'maxMs'>): number => Math.min(maxMs, RECHECK_MS)

/** Extra polls after a 4060 before the serial is given up. */
const INVALID_ID_RETRIES = 2
/** Confirmations after which a serial that was seen and is now unknown counts as gone. */
const GONE_CONFIRMATIONS = 2
const SLOW_BACK_OFF_MS = { min: MINUTE, max: 10 * MINUTE }
/** How long a registration stays open past its deadline, or past the first failure if later, while all polls fail. */
const OUTAGE_GRACE_MS = 24 * HOUR
/** How long after a start failed polls end no registration. */
const START_GRACE_MS = MINUTE
const NO_BREAKS: Breaks = { startedAt: 0, resumedAt: 0 }
/** Counters after an answer that says something about the serial. */
const RESET_COUNTERS = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

/** Returns the next step of a verification after an answer. Account faults and throttling change no counter. */
export const afterAnswer = (state: VerificationState, answer: Answer, moment: PollMoment): VerificationStep => {
  switch (answer.kind) {
    case 'verdict':
      return { ...RESET_COUNTERS, seen: true, verdict: answer.verdict, dueAt: null, ended: [] }
    case 'waiting':
      return pollAgain(state, moment, { ends: endsAtDeadline('expired'), counts: { seen: true } })
    case 'unknown_status':
      return pollAgain(state, moment, { ends: endsAtDeadline('unknown_status'), counts: { seen: true } })
    case 'not_found':
      return state.seen ? afterGone(state, moment) : pollAgain(state, moment, { ends: endsNotFound })
    case 'invalid_id':
      return afterInvalidId(state, moment)
    case 'transient':
      return backOff(state, moment, answer)
    case 'throttled':
    case 'clock':
    case 'account':
      return keepCounters(state, moment)
    default:
      return answer satisfies never
  }
}

/** After an answer that is not about this serial: keeps the counters, due at once. */
const keepCounters = (state: VerificationState, { now }: PollMoment): VerificationStep => {
  const { failures, failingSince, invalidIds, seen, goneChecks } = state
  return { failures, failingSince, invalidIds, seen, goneChecks, dueAt: now, verdict: null, ended: [] }
}

/** Returns when and why a registration ends after this answer. The earliest end wins. */
type Ends = (waiting: Waiting, policy: PollPolicy) => { at: number; reason: Reason }

const deadlineOf = ({ expiresAt }: Waiting, { settleMarginMs }: PollPolicy): number => expiresAt + settleMarginMs

/** Reason of a registration whose deadline passes while the answer shows no status. */
const lateReason = ({ rawStatus }: VerificationState): Reason =>
  rawStatus === null || isWaitingStatus(rawStatus) ? 'expired' : 'unknown_status'

const endsAtDeadline =
  (reason: Reason): Ends =>
  (waiting, policy) => ({ at: deadlineOf(waiting, policy), reason })

/** Ends all registrations when the poll was sent, or at their deadline if that was before. */
const endsNow =
  (state: VerificationState, { askedAt }: PollMoment, reason: Reason): Ends =>
  (waiting, policy) => {
    const deadline = deadlineOf(waiting, policy)
    return deadline <= askedAt ? { at: deadline, reason: lateReason(state) } : { at: askedAt, reason }
  }

/** Ends a day after the deadline, or after the first failure or last resumption if later: an answer may still come. */
const endsUnanswered = (state: VerificationState, { now, breaks = NO_BREAKS }: PollMoment): Ends => {
  const since = Math.max(state.failingSince ?? now, breaks.resumedAt)
  return (waiting, policy) => ({
    at: Math.max(Math.max(deadlineOf(waiting, policy), since) + OUTAGE_GRACE_MS, breaks.startedAt + START_GRACE_MS),
    reason: lateReason(state),
  })
}

const endsNotFound: Ends = (waiting, policy) => {
  const deadline = deadlineOf(waiting, policy)
  const graceEnd = waiting.createdAt + policy.notFoundGraceMs
  return deadline <= graceEnd ? { at: deadline, reason: 'expired' } : { at: graceEnd, reason: 'not_found' }
}

/**
 * Ends the registrations whose end has come and polls again for the others: after `intervalMs` or `delayMs`, and no
 * later than the next end.
 */
const pollAgain = (
  { waiting, nudgedAt, seen }: VerificationState,
  { now, askedAt, policy, intervalMs = pollInterval(now - nudgedAt, policy) }: PollMoment,
  options: { ends: Ends; delayMs?: number; counts?: Partial<Counts> },
): VerificationStep => {
  const ends = waiting.map(one => ({ registrationId: one.id, ...options.ends(one, policy) }))
  const ended = ends.filter(end => end.at <= askedAt).map(({ registrationId, reason }) => ({ registrationId, reason }))
  const nextEnd = Math.min(...ends.filter(end => end.at > askedAt).map(end => end.at))
  const dueAt = Math.max(now, Math.min(now + (options.delayMs ?? intervalMs), nextEnd))
  const counts = { ...RESET_COUNTERS, seen, ...options.counts }
  return { ...counts, verdict: null, ended, dueAt: ended.length === waiting.length ? null : Math.ceil(dueAt) }
}

const afterGone = (state: VerificationState, moment: PollMoment): VerificationStep => {
  const { askedAt, policy } = moment
  // A nudge or another registration's deadline may shorten the time between polls; such polls confirm nothing.
  const confirms = state.goneChecks === 0 || askedAt - (state.lastPolledAt ?? 0) >= recheckMs(policy)
  const goneChecks = state.goneChecks + (confirms ? 1 : 0)
  if (goneChecks > GONE_CONFIRMATIONS) return pollAgain(state, moment, { ends: endsNow(state, moment, 'gone') })
  const ends = endsAtDeadline(lateReason(state))
  return pollAgain(state, moment, { ends, delayMs: recheckMs(policy), counts: { goneChecks } })
}

const afterInvalidId = (state: VerificationState, moment: PollMoment): VerificationStep => {
  const invalidIds = state.invalidIds + 1
  if (invalidIds <= INVALID_ID_RETRIES || (moment.maybeOthersInvalid && !moment.othersInvalid)) {
    const ends = endsAtDeadline(lateReason(state))
    return pollAgain(state, moment, { ends, delayMs: moment.policy.minMs, counts: { invalidIds } })
  }
  if (!moment.othersInvalid) return pollAgain(state, moment, { ends: endsNow(state, moment, 'invalid_id') })
  // GetResult has shown the serial before, so it is not malformed: the account is at fault.
  if (state.seen) return keepCounters(state, moment)
  return pollAgain(state, moment, {
    ends: endsAtDeadline('invalid_id'),
    delayMs: 0,
    counts: { invalidIds: state.invalidIds },
  })
}

/**
 * Full jitter: a random delay up to a ceiling that doubles with each failure, so that a herd spreads out. While
 * GetResult cannot be reached, the account backs off instead of the serial: due serials are polled as soon as it
 * answers again.
 */
const backOff = (
  state: VerificationState,
  moment: PollMoment,
  answer: Extract<Answer, { kind: 'transient' }>,
): VerificationStep => {
  const { policy } = moment
  const slow = answer.cause === 'unknown_code'
  const floor = slow ? SLOW_BACK_OFF_MS.min : Math.min(SECOND, policy.minMs)
  const cap = slow ? SLOW_BACK_OFF_MS.max : recheckMs(policy)
  const isOutage = moment.othersFail === true && silenceOf(answer) !== null
  const failures = isOutage ? Math.max(1, state.failures) : state.failures + 1
  const ceiling = Math.min(cap, Math.max(floor, policy.minMs) * (isOutage ? 1 : 2 ** Math.min(failures, 20)))
  const delayMs = Math.max(floor, moment.random * ceiling)
  const { invalidIds, goneChecks, failingSince } = state
  const counts = { invalidIds, goneChecks, failures, failingSince: failingSince ?? moment.now }
  return pollAgain(state, moment, { ends: endsUnanswered(state, moment), delayMs, counts })
}

/** Polls within which a new serial becomes visible. */
const LOOKUP_POLLS = 3

/**
 * Returns whether upstream knows the serial: `found` at the first poll that shows it, `not_found` at the third that
 * does not, or earlier if it is given up. Returns null at every other poll, so that each serial counts once.
 *
 * @param verification state before this poll
 * @param step the step that follows this poll's answer
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
