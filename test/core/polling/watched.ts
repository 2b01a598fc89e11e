import fc from 'fast-check'
import { DAY, MINUTE } from '../../../src/core/duration.ts'
import { addWatched, BIN_COUNT, emptyBins, type Watched } from '../../../src/core/polling/completion-bins.ts'

export const flat = new Array<number>(BIN_COUNT).fill(1 / MINUTE)

export const watch = (watched: readonly Watched[], hazard = flat) => {
  const bins = emptyBins()
  for (const one of watched) addWatched(bins, one, hazard)
  return bins
}

export const watches: fc.Arbitrary<Watched> = fc
  .record({ fromMs: fc.nat({ max: 3 * DAY }), lengthMs: fc.integer({ min: 1, max: DAY }), isComplete: fc.boolean() })
  .map(({ fromMs, lengthMs, isComplete }) => ({ fromMs, toMs: fromMs + lengthMs, isComplete }))
