import { HOUR, SECOND } from './duration.ts'
import { type PollSchedule, pollInterval } from './poll-schedule.ts'

const BINS_A_DECADE = 16
const LAST_AGE_MS = 48 * HOUR
const LOG_BINS = Math.ceil(BINS_A_DECADE * Math.log10(LAST_AGE_MS / SECOND))

/** The first bin is the first second, the others are equally wide on a logarithmic scale; the last has no end. */
export const BIN_STARTS_MS: readonly number[] = [
  0,
  ...Array.from({ length: LOG_BINS }, (_, index) => SECOND * 10 ** (index / BINS_A_DECADE)),
]
export const BIN_COUNT = BIN_STARTS_MS.length

/** The start of a bin; after the last, infinity. */
export const binStart = (bin: number): number => BIN_STARTS_MS[bin] ?? Number.POSITIVE_INFINITY

export const binOf = (ageMs: number): number => {
  if (!(ageMs >= SECOND)) return 0
  const guess = Math.min(BIN_COUNT - 1, 1 + Math.floor(BINS_A_DECADE * Math.log10(ageMs / SECOND)))
  // The logarithm may be off by a rounding at an edge.
  return binStart(guess) > ageMs ? guess - 1 : binStart(guess + 1) <= ageMs ? guess + 1 : guess
}

/** By bin: how many checks were completed at that age, and for how long checks of that age were watched. */
export interface CompletionBins {
  completions: number[]
  exposureMs: number[]
}

/** What one poll has shown: the check was still open at `fromMs`, and at `toMs` it was complete or still open. */
export interface Watched {
  fromMs: number
  toMs: number
  isComplete: boolean
}

/** Completions a ms, by bin, of a check that is still open. */
export type Hazard = readonly number[]

export const emptyBins = (): CompletionBins => ({
  completions: new Array<number>(BIN_COUNT).fill(0),
  exposureMs: new Array<number>(BIN_COUNT).fill(0),
})

export const finishedOf = ({ completions }: CompletionBins): number => completions.reduce((sum, one) => sum + one, 0)

/**
 * Adds what a poll has shown to the bins. When within the span a check was completed nobody saw: it is spread over the
 * span's bins as `hazard` would have it, and it was watched until then only.
 */
export const addWatched = (bins: CompletionBins, { fromMs, toMs, isComplete }: Watched, hazard: Hazard): void => {
  const { completions, exposureMs } = bins
  const first = binOf(fromMs)
  const hazards = (bin: number, start: number) => (hazard[bin] ?? 0) * (Math.min(toMs, binStart(bin + 1)) - start)
  let all = 0
  if (isComplete) for (let bin = first, at = fromMs; at < toMs; at = binStart(++bin)) all += hazards(bin, at)
  const mass = -Math.expm1(-all)
  let alive = 1
  for (let bin = first, at = fromMs; at < toMs; at = binStart(++bin)) {
    const lengthMs = Math.min(toMs, binStart(bin + 1)) - at
    let share = 0
    if (isComplete) {
      const left = (alive * mass - mass + 1) * Math.exp(-hazards(bin, at))
      // `alive` counts those who complete within the span only.
      const leftOfThem =
        mass > 0 ? Math.max(0, (left - 1 + mass) / mass) : Math.max(0, (toMs - at - lengthMs) / (toMs - fromMs))
      share = alive - leftOfThem
      alive = leftOfThem
      completions[bin] = (completions[bin] ?? 0) + share
    }
    exposureMs[bin] = (exposureMs[bin] ?? 0) + lengthMs * (alive + share / 2)
  }
}

/** The sum, after what there was has faded to `keep` of its weight. */
export const mergeBins = (before: CompletionBins, more: CompletionBins, keep: number): CompletionBins => ({
  completions: before.completions.map((one, bin) => one * keep + (more.completions[bin] ?? 0)),
  exposureMs: before.exposureMs.map((one, bin) => one * keep + (more.exposureMs[bin] ?? 0)),
})

export interface Learning {
  /** The weight of an old observation falls to 1/e after so many finished checks. */
  memory: number
  /** How many completions a bin is presumed to have shown already, as the prior expects them. */
  presumed: number
  /** How many completions a bin's neighbours may count for in its estimate. */
  coupling: number
}

export const LEARNING: Learning = { memory: 1_000, presumed: 0.1, coupling: 4 }

/** How much of its weight an old observation keeps when `finished` more checks are. */
export const keepAfter = (finished: number, { memory } = LEARNING): number => Math.exp(-finished / memory)

/** Nothing is known yet: a level at which most checks are completed within a day. */
const PRIOR_COMPLETIONS = 2

/**
 * The hazard that would make the rule the best schedule, 1 / interval², as to its shape. Its level is what the bins say,
 * so that with few observations the shape is the rule's.
 */
const priorOf = ({ completions, exposureMs }: CompletionBins, schedule: PollSchedule): number[] => {
  const shape = BIN_STARTS_MS.map((start, bin) => {
    const middle = bin === 0 ? start : start * 10 ** (0.5 / BINS_A_DECADE)
    return pollInterval(middle, schedule) ** -2
  })
  const over = (exposures: readonly number[]) => shape.reduce((sum, one, bin) => sum + one * (exposures[bin] ?? 0), 0)
  const seen = completions.reduce((sum, one) => sum + one, 0)
  const widths = BIN_STARTS_MS.map((start, bin) => Math.min(binStart(bin + 1), 24 * HOUR) - Math.min(start, 24 * HOUR))
  const expected = over(exposureMs)
  const level = seen > 0 && expected > 0 ? seen / expected : PRIOR_COMPLETIONS / over(widths)
  return shape.map(one => one * level)
}

/**
 * Completions over exposure, bin by bin, as a factor to the prior. Neighbours, from both sides, and the prior count as a
 * few completions more each, so that they decide where little was observed and are drowned where much was.
 */
export const estimateHazard = (bins: CompletionBins, schedule: PollSchedule, learning = LEARNING): Hazard => {
  const prior = priorOf(bins, schedule)
  const local = prior.map((one, bin) => ({
    seen: bins.completions[bin] ?? 0,
    expected: one * (bins.exposureMs[bin] ?? 0),
  }))
  const fromBelow = toldBy(local, learning.coupling)
  const fromAbove = toldBy(local.toReversed(), learning.coupling).toReversed()
  return prior.map((one, bin) => {
    const counted = [local[bin] ?? NOTHING, fromBelow[bin] ?? NOTHING, fromAbove[bin] ?? NOTHING]
    const sum = counted.reduce(add, { seen: learning.presumed, expected: learning.presumed })
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

/** What those before each one have to say of it: all that they know, weighing no more than `coupling` completions. */
const toldBy = (local: readonly Counted[], coupling: number): Counted[] => {
  let known = NOTHING
  return local.map(one => {
    const weight = coupling / (coupling + Math.max(known.seen, known.expected))
    const told = { seen: known.seen * weight, expected: known.expected * weight }
    known = add(one, told)
    return told
  })
}
