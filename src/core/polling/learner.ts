import {
  addWatched,
  type BinsChange,
  binOf,
  binStart,
  type CompletionBins,
  emptyBins,
  finishedOf,
  type Watched,
} from './completion-bins.ts'
import { estimateHazard } from './completion-hazard.ts'
import { type Interval, learnedSchedule, type PollSchedule, pollInterval } from './schedule.ts'

/** The rule holds until the faded completions reach this weight, which takes 200 finished checks. */
const FIRST_FINISHED = 182
/** Number of further finished checks after which an observation weighs 1/e. */
const MEMORY = 1_000
/** Number of open checks watched through an age from which it counts as known; below, the shorter interval holds. */
const MIN_WATCHED = 10

export type PollLearner = ReturnType<typeof createPollLearner>

/** Learns one account's schedule from its polls. The cycle: `watch`, `take`, write, read back, `know`. */
export const createPollLearner = (schedule: PollSchedule) => {
  const rule: Interval = ageMs => pollInterval(ageMs, schedule)
  let interval = rule
  let hazard = estimateHazard(emptyBins(), schedule)
  let pending: CompletionBins | null = null

  return {
    interval: (ageMs: number): number => interval(ageMs),
    watch: (watched: Watched): void => {
      if (!(watched.toMs > watched.fromMs)) return
      pending ??= emptyBins()
      addWatched(pending, watched, hazard)
    },
    /** Returns the observations since the last call, or null without any. */
    take: (): BinsChange | null => {
      const change = pending && { keep: Math.exp(-finishedOf(pending) / MEMORY), more: pending }
      pending = null
      return change
    },
    /** Takes over the account's bins as stored now. */
    know: (bins: CompletionBins): void => {
      hazard = estimateHazard(bins, schedule)
      interval = finishedOf(bins) < FIRST_FINISHED ? rule : withCare(learnedSchedule(hazard, schedule), rule, bins)
    },
  }
}

/** The learned interval, but no longer than the rule's at ages at which hardly any check was watched. */
export const withCare =
  (learned: Interval, rule: Interval, { exposureMs }: CompletionBins): Interval =>
  ageMs => {
    const bin = binOf(ageMs)
    const isWatched = (exposureMs[bin] ?? 0) >= MIN_WATCHED * (binStart(bin + 1) - binStart(bin))
    return isWatched ? learned(ageMs) : Math.min(learned(ageMs), rule(ageMs))
  }
