import { DAY } from '../duration.ts'
import {
  BIN_COUNT,
  BIN_STARTS_MS,
  BINS_A_DECADE,
  binStart,
  type CompletionBins,
  finishedOf,
  type Hazard,
} from './completion-bins.ts'
import { type PollSchedule, pollInterval } from './schedule.ts'

/** For how many completions the prior, and the neighbours on either side, count in a bin's estimate. Found by simulation. */
const PRIOR_WEIGHT = 0.05
const NEIGHBOURS_WEIGHT = 20
/** As long as nothing is known: a level at which most checks are completed within a day. */
const PRIOR_COMPLETIONS = 2

/** The hazard under which the rule would be the best schedule: its shape is 1 / interval², its level is taken from the bins. */
const priorOf = (bins: CompletionBins, schedule: PollSchedule): number[] => {
  const shape = BIN_STARTS_MS.map((start, bin) => {
    const middle = bin === 0 ? start : start * 10 ** (0.5 / BINS_A_DECADE)
    return pollInterval(middle, schedule) ** -2
  })
  const over = (exposures: readonly number[]) => shape.reduce((sum, one, bin) => sum + one * (exposures[bin] ?? 0), 0)
  const seen = finishedOf(bins)
  const widths = BIN_STARTS_MS.map((start, bin) => Math.min(binStart(bin + 1), DAY) - Math.min(start, DAY))
  const expected = over(bins.exposureMs)
  const level = seen > 0 && expected > 0 ? seen / expected : PRIOR_COMPLETIONS / over(widths)
  return shape.map(one => one * level)
}

/**
 * Completions over exposure, bin by bin, as a factor to the prior. The prior and the neighbours on both sides count as a
 * few completions more each. So they decide where little was observed, and hardly count where much was.
 */
export const estimateHazard = (bins: CompletionBins, schedule: PollSchedule): Hazard => {
  const prior = priorOf(bins, schedule)
  const local = prior.map((one, bin) => ({
    seen: bins.completions[bin] ?? 0,
    expected: one * (bins.exposureMs[bin] ?? 0),
  }))
  const fromBelow = toldBy(local)
  const fromAbove = toldBy(local.toReversed()).toReversed()
  return prior.map((one, bin) => {
    const counted = [local[bin] ?? NOTHING, fromBelow[bin] ?? NOTHING, fromAbove[bin] ?? NOTHING]
    const sum = counted.reduce(add, { seen: PRIOR_WEIGHT, expected: PRIOR_WEIGHT })
    return (one * sum.seen) / sum.expected
  })
}

interface Counted {
  seen: number
  expected: number
}
const NOTHING: Counted = { seen: 0, expected: 0 }
const add = (one: Counted, other: Counted): Counted => ({
  seen: one.seen + other.seen,
  expected: one.expected + other.expected,
})

/** What the bins before each one say about it: all that they know, weighing no more than `NEIGHBOURS_WEIGHT` completions. */
const toldBy = (local: readonly Counted[]): Counted[] => {
  let known = NOTHING
  return local.map(one => {
    const weight = NEIGHBOURS_WEIGHT / (NEIGHBOURS_WEIGHT + Math.max(known.seen, known.expected))
    const told = { seen: known.seen * weight, expected: known.expected * weight }
    known = add(one, told)
    return told
  })
}

/** Bins are joined until this many completions are expected of them; fewer say too little. */
const LEAST_EXPECTED = 5

/**
 * How much the recent bins differ from those before, in standard deviations of chance: the deviance of both counts from one common
 * hazard.
 */
export const surpriseOf = (recent: CompletionBins, before: CompletionBins): number => {
  let deviance = 0
  let groups = 0
  let [lately, earlier] = [NOTHING, NOTHING]
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const [recentMs, beforeMs] = [recent.exposureMs[bin] ?? 0, before.exposureMs[bin] ?? 0]
    if (recentMs <= 0 || beforeMs <= 0) continue
    const [recentSeen, beforeSeen] = [recent.completions[bin] ?? 0, before.completions[bin] ?? 0]
    const common = (recentSeen + beforeSeen) / (recentMs + beforeMs)
    lately = add(lately, { seen: recentSeen, expected: common * recentMs })
    earlier = add(earlier, { seen: beforeSeen, expected: common * beforeMs })
    if (lately.expected < LEAST_EXPECTED) continue
    deviance += devianceOf(lately) + devianceOf(earlier)
    groups++
    lately = NOTHING
    earlier = NOTHING
  }
  return groups === 0 ? 0 : (deviance - groups) / Math.sqrt(2 * groups)
}

const devianceOf = ({ seen, expected }: Counted): number =>
  2 * ((seen > 0 ? seen * Math.log(seen / expected) : 0) - (seen - expected))
