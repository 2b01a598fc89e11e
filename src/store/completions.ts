import { type CompletionBins, emptyBins } from '../core/polling/completion-bins.ts'

/** A bin that holds something; a bin without a row is empty. */
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
