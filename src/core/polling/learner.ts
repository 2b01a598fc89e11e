import {
  addWatched,
  type BinsChange,
  binOf,
  binStart,
  type CompletionBins,
  emptyBins,
  finishedOf,
  type Hazard,
  type Watched,
} from './completion-bins.ts'
import { estimateHazard } from './completion-hazard.ts'
import { type Interval, learnedSchedule, type PollSchedule, pollInterval } from './schedule.ts'

/** The rule holds until the faded completions reach this weight, which takes 200 finished checks. */
const FIRST_FINISHED = 182
/** After this many more finished checks an observation weighs 1/e. */
const MEMORY = 1_000
/** An age that fewer open checks have lived through counts as unknown: there the shorter of the two intervals holds. */
const LEAST_WATCHED = 10

export interface PollLearner {
  interval: Interval
  /** The hazard that the interval follows; null while the rule holds. */
  hazard(): Hazard | null
  watch(watched: Watched): void
  /** What was watched since the last call; null if nothing was. */
  take(): BinsChange | null
  /** Takes over the account's bins as they are stored now. */
  know(bins: CompletionBins): void
}

/** Learns one account's schedule from its polls. The cycle: `watch`, `take`, write, read back, `know`. */
export const createPollLearner = (schedule: PollSchedule): PollLearner => {
  const rule: Interval = ageMs => pollInterval(ageMs, schedule)
  let interval = rule
  let known = emptyBins()
  let hazard = estimateHazard(known, schedule)
  let pending = emptyBins()
  let isPending = false

  return {
    interval: ageMs => interval(ageMs),
    hazard: () => (interval === rule ? null : hazard),
    watch: watched => {
      if (!(watched.toMs > watched.fromMs)) return
      addWatched(pending, watched, hazard)
      isPending = true
    },
    take: () => {
      if (!isPending) return null
      const change = { keep: Math.exp(-finishedOf(pending) / MEMORY), more: pending }
      pending = emptyBins()
      isPending = false
      return change
    },
    know: bins => {
      known = bins
      hazard = estimateHazard(known, schedule)
      interval = finishedOf(known) < FIRST_FINISHED ? rule : withCare(learnedSchedule(hazard, schedule), rule, known)
    },
  }
}

/** The learned interval, but no longer than the rule's at ages at which hardly any check was watched. */
export const withCare =
  (learned: Interval, rule: Interval, { exposureMs }: CompletionBins): Interval =>
  ageMs => {
    const bin = binOf(ageMs)
    const isWatched = (exposureMs[bin] ?? 0) >= LEAST_WATCHED * (binStart(bin + 1) - binStart(bin))
    return isWatched ? learned(ageMs) : Math.min(learned(ageMs), rule(ageMs))
  }
