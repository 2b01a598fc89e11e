import { SECOND } from '../../src/core/duration.ts'
import { longestInterval, type PollSchedule } from '../../src/core/polling/schedule.ts'
import { DEADLINE_MS, type Law } from './laws.ts'
import type { Measured } from './schedules.ts'

/** A grid so fine at each age that rounding a poll to it costs next to nothing. */
const ageGrid = (): Float64Array => {
  const ages = [0]
  for (let age = 0; age < DEADLINE_MS; ) {
    age += age < 300 * SECOND ? 250 : age < 3_600 * SECOND ? SECOND : 5 * SECOND
    ages.push(age)
  }
  return Float64Array.from(ages)
}

/** With the ages of its polls. */
export interface Optimum extends Measured {
  ages: readonly number[]
}

interface Grid {
  ages: Float64Array
  /** The share that is open at each age. */
  open: Float64Array
  /** The integral of the completed share, so that the delay between two polls is a difference. */
  completedArea: Float64Array
}

const gridOf = ({ completedBy }: Law): Grid => {
  const ages = ageGrid()
  const completed = ages.map(completedBy)
  const completedArea = new Float64Array(ages.length)
  for (let i = 1; i < ages.length; i++) {
    const [from, to] = [ages[i - 1] as number, ages[i] as number]
    // Simpson's rule.
    const sum = (completed[i - 1] as number) + 4 * completedBy((from + to) / 2) + (completed[i] as number)
    completedArea[i] = (completedArea[i - 1] as number) + ((to - from) * sum) / 6
  }
  return { ages, open: completed.map(one => 1 - one), completedArea }
}

/** The schedule that minimises polls + price × delay, within the bounds, by dynamic programming from the deadline back. */
const cheapest = ({ ages, open, completedArea }: Grid, price: number, bounds: PollSchedule): Optimum => {
  const { minMs } = bounds
  const last = ages.length - 1
  const cost = new Float64Array(last + 1)
  const next = new Int32Array(last + 1)
  const delayBetween = (i: number, j: number): number =>
    (completedArea[j] as number) -
    (completedArea[i] as number) -
    (1 - (open[i] as number)) * ((ages[j] as number) - (ages[i] as number))
  let firstAllowed = last
  let lastAllowed = last
  for (let i = last - 1; i >= 0; i--) {
    const age = ages[i] as number
    while (firstAllowed > i + 1 && (ages[firstAllowed - 1] as number) - age >= minMs) firstAllowed--
    const longest = longestInterval(age, bounds)
    while (lastAllowed > i + 1 && (ages[lastAllowed] as number) - age > longest) lastAllowed--
    let best = Number.POSITIVE_INFINITY
    for (let j = Math.min(firstAllowed, lastAllowed); j <= lastAllowed; j++) {
      const total = price * delayBetween(i, j) + (cost[j] as number)
      if (total >= best) continue
      best = total
      next[i] = j
    }
    cost[i] = best + (open[i] as number)
  }
  const polled: number[] = []
  let polls = 0
  let delay = 0
  for (let i = 0; i < last; i = next[i] as number) {
    polls += open[i] as number
    delay += delayBetween(i, next[i] as number)
    polled.push(ages[next[i] as number] as number)
  }
  return { polls, delayMs: delay / (1 - (open[last] as number)), ages: polled }
}

/**
 * The fewest polls with which a schedule that knows the law can have the mean delay `delayMs`. Between two optimal schedules it is
 * the line through both, which no single schedule can be below.
 */
export const optimumFor = (law: Law, delayMs: number, bounds: PollSchedule): Optimum => {
  const grid = gridOf(law)
  let [low, high] = [1e-12, 1]
  let slow = cheapest(grid, low, bounds)
  let quick = cheapest(grid, high, bounds)
  if (quick.delayMs >= delayMs) return quick
  if (slow.delayMs <= delayMs) return slow
  while (high / low > 1.001) {
    const price = Math.sqrt(low * high)
    const found = cheapest(grid, price, bounds)
    if (found.delayMs > delayMs) [low, slow] = [price, found]
    else [high, quick] = [price, found]
  }
  const share = slow.delayMs === quick.delayMs ? 0 : (delayMs - quick.delayMs) / (slow.delayMs - quick.delayMs)
  return { polls: quick.polls + share * (slow.polls - quick.polls), delayMs, ages: quick.ages }
}
