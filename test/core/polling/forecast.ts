import { binStart, type Hazard } from '../../../src/core/polling/completion-bins.ts'
import type { Interval } from '../../../src/core/polling/schedule.ts'

/** The cost and the delay of a schedule. */
interface Forecast {
  /** After the first, which is made at once. */
  polls: number
  /** From the completion to the poll that finds it, in ms: a mean over the checks completed before the horizon. */
  delayMs: number
}

/** The forecast of a schedule over `horizonMs` if checks are completed with this hazard. */
export const forecast = (interval: Interval, hazard: Hazard, horizonMs: number): Forecast => {
  let alive = 1
  let polls = 0
  let delay = 0
  let bin = 0
  for (let age = 0; age < horizonMs; ) {
    const next = Math.min(horizonMs, age + interval(age))
    polls += alive
    while (age < next) {
      while (binStart(bin + 1) <= age) bin++
      const end = Math.min(next, binStart(bin + 1))
      const length = end - age
      const hazards = (hazard[bin] ?? 0) * length
      const gone = alive * -Math.expm1(-hazards)
      // The mean place of a completion within the span, as a share of its length.
      const middle = hazards < 0.01 ? 0.5 - hazards / 12 : 1 / hazards - 1 / Math.expm1(hazards)
      delay += gone * (next - age - length * middle)
      alive -= gone
      age = end
    }
  }
  return { polls, delayMs: alive < 1 ? delay / (1 - alive) : 0 }
}
