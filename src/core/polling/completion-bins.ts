import { HOUR, SECOND } from '../duration.ts'

const BINS_A_DECADE = 12
const LAST_AGE_MS = 48 * HOUR
const LOG_BINS = Math.ceil(BINS_A_DECADE * Math.log10(LAST_AGE_MS / SECOND))

/** The first bin is the first second. The others are equally wide on a logarithmic scale, and the last has no end. */
export const BIN_STARTS_MS: readonly number[] = [
  0,
  ...Array.from({ length: LOG_BINS }, (_, index) => SECOND * 10 ** (index / BINS_A_DECADE)),
]
export const BIN_COUNT = BIN_STARTS_MS.length
/** Middle of each bin, on the same scale. */
export const BIN_MIDDLES_MS: readonly number[] = BIN_STARTS_MS.map(start => start * 10 ** (0.5 / BINS_A_DECADE))

/** The start of a bin in ms; infinity after the last one. */
export const binStart = (bin: number): number => BIN_STARTS_MS[bin] ?? Number.POSITIVE_INFINITY

export const binOf = (ageMs: number): number =>
  Math.max(
    0,
    BIN_STARTS_MS.findLastIndex(start => start <= ageMs),
  )

/** By bin: how many checks were completed at that age, and the total time that checks of that age were watched. */
export interface CompletionBins {
  completions: number[]
  exposureMs: number[]
}

/** Result of one poll: the check was open at the age `fromMs`, and complete or still open at `toMs`. */
export interface Watched {
  fromMs: number
  toMs: number
  isComplete: boolean
}

/** By bin: the probability per ms that a check that is still open is completed. */
export type Hazard = readonly number[]

export const emptyBins = (): CompletionBins => ({
  completions: new Array<number>(BIN_COUNT).fill(0),
  exposureMs: new Array<number>(BIN_COUNT).fill(0),
})

export const finishedOf = ({ completions }: CompletionBins): number => completions.reduce((sum, one) => sum + one, 0)

/**
 * Adds the result of a poll to the bins, in place. The time of a completion within the span is unknown. So the
 * completion is spread over the span's bins in proportion to `hazard`, and its exposure ends there.
 */
export const addWatched = (bins: CompletionBins, { fromMs, toMs, isComplete }: Watched, hazard: Hazard): void => {
  const parts: { bin: number; lengthMs: number; gone: number }[] = []
  /** The share of all checks that is still open, and the share that is completed within the span. */
  let open = 1
  let completed = 0
  for (let bin = binOf(fromMs), at = fromMs; at < toMs; at = binStart(++bin)) {
    const lengthMs = Math.min(toMs, binStart(bin + 1)) - at
    const gone = open * -Math.expm1(-(hazard[bin] ?? 0) * lengthMs)
    parts.push({ bin, lengthMs, gone })
    open -= gone
    completed += gone
  }
  let left = 1
  for (const { bin, lengthMs, gone } of parts) {
    const share = !isComplete ? 0 : completed > 0 ? gone / completed : lengthMs / (toMs - fromMs)
    left -= share
    bins.completions[bin] = (bins.completions[bin] ?? 0) + share
    bins.exposureMs[bin] = (bins.exposureMs[bin] ?? 0) + lengthMs * (Math.max(0, left) + share / 2)
  }
}

/** A change of bins: their contents fade to `keep` of their weight, then `more` is added. */
export interface BinsChange {
  keep: number
  more: CompletionBins
}

export const changeBins = (before: CompletionBins, { keep, more }: BinsChange): CompletionBins => ({
  completions: before.completions.map((one, bin) => one * keep + (more.completions[bin] ?? 0)),
  exposureMs: before.exposureMs.map((one, bin) => one * keep + (more.exposureMs[bin] ?? 0)),
})

/** A bin with contents; a bin without a row is empty. */
export interface BinRow {
  bin: number
  completions: number
  exposureMs: number
}

export const binsOfRows = (rows: readonly BinRow[]): CompletionBins => {
  const bins = emptyBins()
  for (const { bin, completions, exposureMs } of rows) {
    bins.completions[bin] = completions
    bins.exposureMs[bin] = exposureMs
  }
  return bins
}

export const rowsOfBins = ({ completions, exposureMs }: CompletionBins): BinRow[] =>
  exposureMs
    .map((watchedMs, bin) => ({ bin, completions: completions[bin] ?? 0, exposureMs: watchedMs }))
    .filter(row => row.completions > 0 || row.exposureMs > 0)
