import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, SECOND } from '../../../src/core/duration.ts'
import {
  BIN_COUNT,
  binOf,
  binStart,
  binsOfRows,
  emptyBins,
  rowsOfBins,
} from '../../../src/core/polling/completion-bins.ts'
import { watch, watches } from './watched.ts'

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0)

describe('the bins', () => {
  test('put every age into the bin that begins at or before it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 400 * DAY, noNaN: true }), age => {
        const bin = binOf(age)
        expect(binStart(bin)).toBeLessThanOrEqual(age)
        expect(binStart(bin + 1)).toBeGreaterThan(age)
      }),
    )
    for (let bin = 0; bin < BIN_COUNT; bin++) expect(binOf(binStart(bin))).toBe(bin)
    expect(binOf(-SECOND)).toBe(0)
  })

  test('take the whole time of an open check, and one completion of a completed one', () => {
    fc.assert(
      fc.property(watches, watched => {
        const { completions, exposureMs } = watch([watched])
        const spanMs = watched.toMs - watched.fromMs
        expect(sum(completions)).toBeCloseTo(watched.isComplete ? 1 : 0, 6)
        if (watched.isComplete) expect(sum(exposureMs)).toBeLessThan(spanMs)
        else expect(Math.abs(sum(exposureMs) - spanMs)).toBeLessThan(1e-3)
        expect(Math.min(...completions, ...exposureMs)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

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
