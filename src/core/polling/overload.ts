import { SECOND } from '../duration.ts'

/** How an account's demand for polls compares with its rate, as its polls have shown. */
export interface Load {
  /** Wanted over possible polls, a mean over the latest polls; 1 or less where all are made in time. */
  demand: number
}

export const NO_LOAD: Load = { demand: 1 }

/** A poll this late is no sign of overload: rounds, answers and clocks take their time. */
const TOLERANCE_MS = SECOND
/**
 * The weight of one poll in the mean. The mean rises slowly, because a burst works itself off. It falls fast, because polls that
 * were planned far ahead are late for nothing once the other checks have finished.
 */
const RISE = 1 / 500
const FALL = 1 / 100
/** One poll counts for this many times the mean at most: a poll that waited for something else must not count for a thousand. */
const MOST = 4
/** A factor a little below the measured one leaves some check overdue, so that no allowed call goes unused. */
const SHARE = 0.9
const LARGEST = 1_000

/**
 * The load after a poll that came `gapMs` after the one before, where the schedule alone had wanted `wantedMs`. A check that
 * wants 1 / wanted polls a ms gets 1 / gap, so the mean of gap / wanted over the polls made is demand over rate, in whatever order
 * they are made.
 */
export const afterPoll = ({ demand }: Load, { gapMs, wantedMs }: { gapMs: number; wantedMs: number }): Load => {
  const ratio = Math.max(1, (gapMs - TOLERANCE_MS) / wantedMs)
  const weight = ratio > demand ? RISE : FALL
  return { demand: demand + weight * (Math.min(ratio, MOST * demand) - demand) }
}

/** The factor to all intervals of the account at which its rate suffices; 1 where it suffices anyway. */
export const overloadFactor = ({ demand }: Load): number => Math.min(LARGEST, Math.max(1, SHARE * demand))
