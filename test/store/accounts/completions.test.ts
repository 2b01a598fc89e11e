import { describe, expect, test } from 'vitest'
import { binsOfRows, emptyBins, rowsOfBins } from '../../../src/core/polling/completion-bins.ts'

describe('the rows of completion bins', () => {
  test('are those of the bins that hold something', () => {
    const bins = emptyBins()
    bins.completions[3] = 0.5
    bins.exposureMs[7] = 1_000
    const rows = [
      { bin: 3, completions: 0.5, exposureMs: 0 },
      { bin: 7, completions: 0, exposureMs: 1_000 },
    ]
    expect(rowsOfBins(bins)).toEqual(rows)
    expect(binsOfRows(rows)).toEqual(bins)
  })

  test('are none of empty bins', () => {
    expect(rowsOfBins(emptyBins())).toEqual([])
    expect(binsOfRows([])).toEqual(emptyBins())
  })
})
