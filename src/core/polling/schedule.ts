import { DAY } from '../duration.ts'
import { BIN_COUNT, BIN_STARTS_MS, binOf, binStart, type Hazard } from './completion-bins.ts'

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

/**
 * Polls with density √(hazard / 2 cost), `minMs` apart at least and `longestInterval` at most: the next poll falls where the
 * density, integrated from the last poll on, reaches one.
 */
export const densitySchedule = (hazard: Hazard, cost: number, schedule: PollSchedule): Interval => {
  const { minMs } = schedule
  const density = new Float64Array(BIN_COUNT)
  /** The density's integral from age 0 to the start of each bin. */
  const polls = new Float64Array(BIN_COUNT + 1)
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const wanted = Math.sqrt((hazard[bin] ?? 0) / (2 * cost))
    density[bin] = Math.min(1 / minMs, Math.max(1 / longestInterval(BIN_STARTS_MS[bin] as number, schedule), wanted))
    polls[bin + 1] = (polls[bin] as number) + (density[bin] as number) * (binStart(bin + 1) - binStart(bin))
  }
  return ageMs => {
    const age = Math.max(0, ageMs)
    let bin = binOf(age)
    const target = (polls[bin] as number) + (density[bin] as number) * (age - (BIN_STARTS_MS[bin] as number)) + 1
    while ((polls[bin + 1] as number) < target) bin++
    const next = (BIN_STARTS_MS[bin] as number) + (target - (polls[bin] as number)) / (density[bin] as number)
    return Math.min(longestInterval(age, schedule), Math.max(minMs, next - age))
  }
}

/** What a schedule costs, and what it brings. */
export interface Forecast {
  /** After the first, which is made at once. */
  polls: number
  /** From the completion to the poll that finds it, in ms: a mean over the checks completed before the horizon. */
  delayMs: number
}

/** The forecast stops at this many polls, because the event loop waits for it. */
const MOST_POLLS = 20_000

/** What to expect of a schedule over `horizonMs` if checks are completed with this hazard. */
export const forecast = (interval: Interval, hazard: Hazard, horizonMs: number): Forecast => {
  let alive = 1
  let polls = 0
  let delay = 0
  let bin = 0
  let count = 0
  for (let age = 0; age < horizonMs; ) {
    if (++count > MOST_POLLS) return { polls: Number.POSITIVE_INFINITY, delayMs: 0 }
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

const RULE_POLLS = 2_000
const STEPS = 24
/** Where `minMs` is the limit, the last hundredth of the delay would cost most of the polls that are saved. */
const DELAY_ALLOWED = 1.01

/** A day; less where the rule polls so often that it reaches `RULE_POLLS` earlier. */
const horizonOf = (rule: Interval): number => {
  let age = 0
  for (let polls = 0; polls < RULE_POLLS && age < DAY; polls++) age += rule(age)
  return Math.min(DAY, age)
}

/** The cost at which the schedule's mean delay is `delayMs`, or comes nearest to it within the bounds. */
const costFor = (wanted: { delayMs: number; horizonMs: number }, hazard: Hazard, schedule: PollSchedule): number => {
  const { minMs, maxMs } = schedule
  // Beyond these two, every density is at its bound.
  let low = Math.log((Math.min(...hazard) / 2) * minMs ** 2)
  let high = Math.log((Math.max(...hazard) / 2) * maxMs ** 2)
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2
    const found = forecast(densitySchedule(hazard, Math.exp(middle), schedule), hazard, wanted.horizonMs)
    if (found.delayMs > wanted.delayMs) high = middle
    else low = middle
  }
  return Math.exp(low)
}

/** The schedule with the fewest polls whose mean delay is no more than a hundredth above the rule's. */
export const learnedSchedule = (hazard: Hazard, schedule: PollSchedule): Interval => {
  const rule: Interval = ageMs => pollInterval(ageMs, schedule)
  const horizonMs = horizonOf(rule)
  const delayMs = forecast(rule, hazard, horizonMs).delayMs * DELAY_ALLOWED
  return densitySchedule(hazard, costFor({ delayMs, horizonMs }, hazard, schedule), schedule)
}
