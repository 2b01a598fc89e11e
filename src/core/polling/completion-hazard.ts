import { DAY } from '../duration.ts'
import {
  BIN_MIDDLES_MS,
  BIN_STARTS_MS,
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
  const shape = BIN_MIDDLES_MS.map(middle => pollInterval(middle, schedule) ** -2)
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
