import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { BIN_COUNT, binOf, binStart, changeBins, finishedOf } from '../../../src/core/polling/completion-bins.ts'
import { flat, watch, watches } from './watched.ts'

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

  test('spread a completion over its span in proportion to the hazard', () => {
    const late = flat.map((one, bin) => (binStart(bin) < MINUTE ? one / 9 : one))
    const { completions } = watch([{ fromMs: binStart(binOf(MINUTE)), toMs: 2 * MINUTE, isComplete: true }], late)
    const early = sum(completions.slice(0, binOf(MINUTE) + 1))
    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(0.15)
  })

  test('fade before more is added', () => {
    const bins = watch([{ fromMs: 0, toMs: MINUTE, isComplete: true }])
    const changed = changeBins(bins, { keep: 0.25, more: bins })
    expect(finishedOf(changed)).toBeCloseTo(1.25)
    expect(sum(changed.exposureMs)).toBeCloseTo(1.25 * sum(bins.exposureMs))
  })
})
