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
import { type Interval, learnedSchedule, type PollSchedule, pollInterval } from './schedule.ts'

/** The rule holds until the faded completions reach this weight, which takes 200 finished checks. */
const FIRST_FINISHED = 182
/** After this many more finished checks an observation weighs 1/e. */
const MEMORY = 1_000
/** The same for the recent observations, which are compared with all before. */
const RECENT_MEMORY = 100
/** Beyond this many standard deviations people's habits have changed, and what was known is forgotten. */
const CHANGE_SURPRISE = 12
/** Among very many checks the smallest difference is more than chance, so they count as no more than this. */
const MOST_COMPARED = 200
/** An age that fewer open checks have lived through counts as unknown: there the shorter of the two intervals holds. */
const LEAST_WATCHED = 10

interface Lesson extends BinsChange {
  /** People's habits have changed; the old contents of the bins are dropped. */
  isChange: boolean
}

export interface PollLearner {
  interval: Interval
  /** The hazard that the interval follows; null while the rule holds. */
  hazard(): Hazard | null
  watch(watched: Watched): void
  /** What was watched since the last call; null if nothing was. */
  take(): Lesson | null
  /** Takes over the account's bins as they are stored now. */
  know(bins: CompletionBins): void
}

/** Learns one account's schedule from its polls. The cycle: `watch`, `take`, write, read back, `know`. */
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
      // Most recent observations are older than the change, too. The rule holds until enough is known anew.
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

const isSurprising = (recent: CompletionBins, before: CompletionBins): boolean => {
  const fade = { keep: Math.min(1, MOST_COMPARED / finishedOf(recent)), more: emptyBins() }
  return surpriseOf(changeBins(recent, fade), changeBins(before, fade)) > CHANGE_SURPRISE
}

/** The bins less a part of them, never below 0. */
const withoutBins = (bins: CompletionBins, part: CompletionBins): CompletionBins => ({
  completions: bins.completions.map((one, bin) => Math.max(0, one - (part.completions[bin] ?? 0))),
  exposureMs: bins.exposureMs.map((one, bin) => Math.max(0, one - (part.exposureMs[bin] ?? 0))),
})

/** The learned interval, but no longer than the rule's at ages at which hardly any check was watched. */
export const withCare =
  (learned: Interval, rule: Interval, { exposureMs }: CompletionBins): Interval =>
  ageMs => {
    const bin = binOf(ageMs)
    const isWatched = (exposureMs[bin] ?? 0) >= LEAST_WATCHED * (binStart(bin + 1) - binStart(bin))
    return isWatched ? learned(ageMs) : Math.min(learned(ageMs), rule(ageMs))
  }
