import { SECOND } from '../duration.ts'

/** What the polls of one account have shown of how its demand compares with its rate. */
export interface Load {
  /** Wanted polls over possible ones: a mean over the last polls; 1 or less where all are made in time. */
  demand: number
}

export const NO_LOAD: Load = { demand: 1 }

/** So late is no sign of overload: rounds, answers and clocks take their time. */
const TOLERANCE_MS = SECOND
/**
 * The weight of one poll in the mean. It rises slowly, because a burst works itself off, and a poll planned far ahead for
 * the sake of others who have meanwhile finished would be late for nothing; for the same reason it falls fast.
 */
const RISE = 1 / 500
const FALL = 1 / 100
/** A single poll counts for at most so many times the mean: one that waited for something else must not count for a thousand. */
const MOST = 4
/** Stretching by a little less than what was measured leaves somebody overdue: no allowed call goes unused. */
const SHARE = 0.9
const LARGEST = 1_000

/**
 * After a poll that came `gapMs` after the one before, where the schedule alone had wanted `wantedMs`. Over the polls made,
 * the mean of gap / wanted is the demand over the rate, in whatever order they were made: a row that wants 1 / wanted polls
 * a ms gets 1 / gap.
 */
export const afterGap = ({ demand }: Load, { gapMs, wantedMs }: { gapMs: number; wantedMs: number }): Load => {
  const ratio = Math.max(1, (gapMs - TOLERANCE_MS) / wantedMs)
  const weight = ratio > demand ? RISE : FALL
  return { demand: demand + weight * (Math.min(ratio, MOST * demand) - demand) }
}

/** The one factor to all intervals at which the rate suffices: 1 where it does without. */
export const stretchOf = ({ demand }: Load): number => Math.min(LARGEST, Math.max(1, SHARE * demand))
