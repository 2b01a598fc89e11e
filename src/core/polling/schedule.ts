import { DAY } from '../duration.ts'
import { BIN_COUNT, BIN_MIDDLES_MS, BIN_STARTS_MS, binOf, binStart, type Hazard } from './completion-bins.ts'

/** The bounds of every schedule, and where the rule begins to ask more rarely. */
export interface PollSchedule {
  minMs: number
  maxMs: number
  rampMs: number
}

/** How long to wait before the next poll, in ms, by the age of the check. */
export type Interval = (ageMs: number) => number

/**
 * The rule: every `minMs` up to the age `rampMs`, while most people finish; then in proportion to the age, and every `maxMs`
 * at the latest.
 */
export const pollInterval = (ageMs: number, { minMs, maxMs, rampMs }: PollSchedule): number =>
  Math.min(maxMs, Math.max(minMs, minMs * Math.max(1, ageMs / rampMs)))

/**
 * No learned interval is longer than this many times the rule's: what is best for all checks of an account together must not
 * be bad for a kind of check among them, such as the quick ones beside many slow ones.
 */
const MOST_STRETCH = 1.5

/** The longest interval that a learned schedule may have at this age. */
const longestInterval = (ageMs: number, schedule: PollSchedule): number =>
  Math.min(schedule.maxMs, MOST_STRETCH * pollInterval(ageMs, schedule))

/** By bin: how many polls a ms. */
type Density = readonly number[]

/** √(hazard / 2 cost), `minMs` apart at least and `longestInterval` at most. */
const densityFor = (hazard: Hazard, cost: number, schedule: PollSchedule): Density =>
  BIN_STARTS_MS.map((start, bin) => {
    const wanted = Math.sqrt((hazard[bin] ?? 0) / (2 * cost))
    return Math.min(1 / schedule.minMs, Math.max(1 / longestInterval(start, schedule), wanted))
  })

/** Polls with the density that is best at this cost: the next one falls where the density, integrated from the last one on, reaches one. */
export const densitySchedule = (hazard: Hazard, cost: number, schedule: PollSchedule): Interval => {
  const density = densityFor(hazard, cost, schedule)
  /** The density's integral from age 0 to the start of each bin. */
  const polls = [0]
  for (let bin = 0; bin < BIN_COUNT; bin++)
    polls.push((polls[bin] as number) + (density[bin] as number) * (binStart(bin + 1) - binStart(bin)))
  return ageMs => {
    const age = Math.max(0, ageMs)
    let bin = binOf(age)
    const target = (polls[bin] as number) + (density[bin] as number) * (age - binStart(bin)) + 1
    while ((polls[bin + 1] as number) < target) bin++
    const next = binStart(bin) + (target - (polls[bin] as number)) / (density[bin] as number)
    return Math.min(longestInterval(age, schedule), Math.max(schedule.minMs, next - age))
  }
}

/** The mean time from a completion within a day to the poll that finds it, in ms: half the interval of that age. */
const meanDelay = (density: Density, hazard: Hazard): number => {
  let open = 1
  let delay = 0
  for (let bin = 0; binStart(bin) < DAY; bin++) {
    const completed = open * -Math.expm1(-(hazard[bin] ?? 0) * (Math.min(DAY, binStart(bin + 1)) - binStart(bin)))
    delay += completed / (2 * (density[bin] as number))
    open -= completed
  }
  return open < 1 ? delay / (1 - open) : 0
}

const STEPS = 24
/** Where `minMs` is the limit, the last hundredth of the delay would cost most of the polls that are saved. */
const DELAY_ALLOWED = 1.01

/** The schedule with the fewest polls whose mean delay is no more than a hundredth above the rule's, or comes nearest to that within the bounds. */
export const learnedSchedule = (hazard: Hazard, schedule: PollSchedule): Interval => {
  const rule = BIN_MIDDLES_MS.map(middle => 1 / pollInterval(middle, schedule))
  const allowedMs = meanDelay(rule, hazard) * DELAY_ALLOWED
  // Beyond these two costs, every density is at its bound.
  let low = Math.log((Math.min(...hazard) / 2) * schedule.minMs ** 2)
  let high = Math.log((Math.max(...hazard) / 2) * schedule.maxMs ** 2)
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2
    if (meanDelay(densityFor(hazard, Math.exp(middle), schedule), hazard) > allowedMs) high = middle
    else low = middle
  }
  return densitySchedule(hazard, Math.exp(low), schedule)
}
