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

/** Weights in completions, of the prior and at most of the bins around, and their decay by bin. Found by simulation. */
const PRIOR_WEIGHT = 0.05
const AROUND_WEIGHT = 10
const NEARNESS = BIN_MIDDLES_MS.map((_, distance) => 0.6 ** distance)
/** Hazard summed over a day while nothing is known: most checks are completed within a day. */
const PRIOR_COMPLETIONS = 2

/** The hazard for which the rule is the best schedule: its shape is 1 / interval², its level is taken from the bins. */
const priorOf = (bins: CompletionBins, schedule: PollSchedule): number[] => {
  const shape = BIN_MIDDLES_MS.map(middle => pollInterval(middle, schedule) ** -2)
  const over = (exposures: readonly number[]) => shape.reduce((sum, one, bin) => sum + one * (exposures[bin] ?? 0), 0)
  const finished = finishedOf(bins)
  const widths = BIN_STARTS_MS.map((start, bin) => Math.min(binStart(bin + 1), DAY) - Math.min(start, DAY))
  const expected = over(bins.exposureMs)
  const level = finished > 0 && expected > 0 ? finished / expected : PRIOR_COMPLETIONS / over(widths)
  return shape.map(one => one * level)
}

/**
 * Estimates the hazard: completions over exposure, bin by bin, as a factor to the prior. The bins around count as a few
 * more completions: they decide where little was observed, and hardly count where much was.
 */
export const estimateHazard = (bins: CompletionBins, schedule: PollSchedule): Hazard => {
  const prior = priorOf(bins, schedule)
  const expected = prior.map((one, bin) => one * (bins.exposureMs[bin] ?? 0))
  const around = (counts: readonly number[], bin: number) =>
    counts.reduce((sum, count, other) => sum + count * (NEARNESS[Math.abs(other - bin)] ?? 0), PRIOR_WEIGHT)
  return prior.map((one, bin) => {
    const [finishedAround, expectedAround] = [around(bins.completions, bin), around(expected, bin)]
    const weight = Math.min(AROUND_WEIGHT, Math.max(finishedAround, expectedAround))
    const finished = (bins.completions[bin] ?? 0) + (weight * finishedAround) / expectedAround
    return (one * finished) / ((expected[bin] ?? 0) + weight)
  })
}
