import {
  addWatched,
  type BinsChange,
  binOf,
  binStart,
  type CompletionBins,
  changeBins,
  emptyBins,
  finishedOf,
  type Hazard,
  type Watched,
} from './completion-bins.ts'
import { estimateHazard, surpriseOf } from './completion-hazard.ts'
import { type Interval, learnedSchedule } from './learned-schedule.ts'
import { type PollSchedule, pollInterval } from './schedule.ts'

/** The contract's rule holds, exactly, until the completions weigh so much, which is after 200 finished checks. */
const FIRST_FINISHED = 182
/** An observation's weight has fallen to 1/e after so many more finished checks. */
const MEMORY = 1_000
/** The same for what counts as lately. */
const RECENT_MEMORY = 100
/** Standard deviations beyond which people finish otherwise than they did: what was known before is forgotten. */
const CHANGE_SURPRISE = 12
const MOST_COMPARED = 200
/** Of an age that fewer open checks have lived through nothing is known, and the rule holds there if it is the quicker. */
const LEAST_WATCHED = 10

interface Lesson extends BinsChange {
  /** People finish otherwise than they did. */
  isChange: boolean
}

export interface PollLearner {
  interval: Interval
  /** What the interval goes by; null while that is the rule. */
  hazard(): Hazard | null
  watch(watched: Watched): void
  /** What has been watched since the last call; null where nothing was. */
  take(): Lesson | null
  /** The account's bins, as they are now. */
  know(bins: CompletionBins): void
}

/** Learns one account's schedule from its polls: watch, take, write, read again, know. */
export const createPollLearner = (schedule: PollSchedule): PollLearner => {
  const rule: Interval = ageMs => pollInterval(ageMs, schedule)
  let interval = rule
  let known = emptyBins()
  let hazard = estimateHazard(known, schedule)
  let recent = emptyBins()
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
      const finished = finishedOf(pending)
      const faded = changeBins(recent, { keep: Math.exp(-finished / RECENT_MEMORY), more: emptyBins() })
      const before = withoutBins(known, faded)
      recent = changeBins(faded, { keep: 1, more: pending })
      const isChange = finishedOf(known) >= FIRST_FINISHED && isSurprising(recent, before)
      // Most of what was seen lately is of before the change, too. The rule holds until enough is known anew.
      if (isChange) recent = emptyBins()
      const change = isChange
        ? { keep: 0, more: recent, isChange }
        : { keep: Math.exp(-finished / MEMORY), more: pending, isChange }
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

/** Of very many checks the smallest difference would be more than chance; so they count as no more than a few hundred. */
const isSurprising = (recent: CompletionBins, before: CompletionBins): boolean => {
  const fade = { keep: Math.min(1, MOST_COMPARED / finishedOf(recent)), more: emptyBins() }
  return surpriseOf(changeBins(recent, fade), changeBins(before, fade)) > CHANGE_SURPRISE
}

/** What else is in the bins. */
const withoutBins = (bins: CompletionBins, part: CompletionBins): CompletionBins => ({
  completions: bins.completions.map((one, bin) => Math.max(0, one - (part.completions[bin] ?? 0))),
  exposureMs: bins.exposureMs.map((one, bin) => Math.max(0, one - (part.exposureMs[bin] ?? 0))),
})

/** The learned interval, but no longer than the rule's at ages that hardly any check was watched at. */
export const withCare =
  (learned: Interval, rule: Interval, { exposureMs }: CompletionBins): Interval =>
  ageMs => {
    const bin = binOf(ageMs)
    const isWatched = (exposureMs[bin] ?? 0) >= LEAST_WATCHED * (binStart(bin + 1) - binStart(bin))
    return isWatched ? learned(ageMs) : Math.min(learned(ageMs), rule(ageMs))
  }
