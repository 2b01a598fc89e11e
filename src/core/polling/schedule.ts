import { DAY } from '../duration.ts'
import { BIN_COUNT, BIN_MIDDLES_MS, BIN_STARTS_MS, binOf, binStart, type Hazard } from './completion-bins.ts'

/** Bounds of every schedule, and the age at which the rule begins to poll less often. */
export interface PollSchedule {
  minMs: number
  maxMs: number
  rampMs: number
}

/** Delay before the next poll in ms, by the age of the check. */
export type Interval = (ageMs: number) => number

/**
 * The rule: every `minMs` up to the age `rampMs`, while most people finish; then in proportion to the age, but at least
 * every `maxMs`.
 */
export const pollInterval = (ageMs: number, { minMs, maxMs, rampMs }: PollSchedule): number =>
  Math.min(maxMs, Math.max(minMs, minMs * Math.max(1, ageMs / rampMs)))

/**
 * Maximum ratio of a learned interval to the rule's: the best schedule for all checks of an account together must not
 * be bad for one kind of check, such as the quick ones among many slow ones.
 */
const MAX_STRETCH = 1.5

/** Longest interval of a learned schedule at this age. */
const longestInterval = (ageMs: number, schedule: PollSchedule): number =>
  Math.min(schedule.maxMs, MAX_STRETCH * pollInterval(ageMs, schedule))

/** By bin: polls per ms. */
type Density = readonly number[]

/** √(hazard / 2 cost), with intervals of `minMs` at least and `longestInterval` at most. */
const densityFor = (hazard: Hazard, cost: number, schedule: PollSchedule): Density =>
  BIN_STARTS_MS.map((start, bin) => {
    const ideal = Math.sqrt((hazard[bin] ?? 0) / (2 * cost))
    return Math.min(1 / schedule.minMs, Math.max(1 / longestInterval(start, schedule), ideal))
  })

/** The best schedule at this cost: the next poll is due where the density, integrated since the last, reaches one. */
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

/** Mean time from a completion within a day to the poll that finds it, in ms: half the interval of that age. */
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
/** Mean delay allowed, relative to the rule's. At `minMs`, avoiding the last 1 % would cost most of the polls saved. */
const DELAY_ALLOWED = 1.01

/** Returns the schedule with the fewest polls and a mean delay at most 1 % above the rule's, as far as bounds allow. */
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
