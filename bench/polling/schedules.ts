import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { type PollSchedule, pollInterval } from '../../src/core/polling/schedule.ts'
import { DEADLINE_MS, type Law } from './laws.ts'

/** The contract's defaults. */
export const RULE: PollSchedule = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }
export type Bounds = Pick<PollSchedule, 'minMs' | 'maxMs'>

export interface Measured {
  /** For each registration, after the first, which is made at once. */
  polls: number
  /** From the completion to the poll that finds it, a mean over the checks completed before the deadline. */
  delayMs: number
}

/** The ages of the polls after the first; the last is the deadline. */
export type Times = (scale: number) => Iterable<number>

export interface Schedule {
  name: string
  times: Times
}

/** Exact: computed from the law, without random draws. */
export const measure = (times: Iterable<number>, { completedBy }: Law): Measured => {
  let polls = 0
  let delay = 0
  let before = 0
  let completedBefore = completedBy(0)
  for (const age of times) {
    polls += 1 - completedBefore
    const completed = completedBy(age)
    // The delay of a span is the area under the share that has completed in it.
    delay += areaBetween(completedBy, before, age) - completedBefore * (age - before)
    before = age
    completedBefore = completed
  }
  return { polls, delayMs: delay / completedBefore }
}

const areaBetween = (completedBy: Law['completedBy'], from: number, to: number): number => {
  const panels = 2 * Math.max(2, Math.min(64, Math.ceil((8 * (to - from)) / Math.max(from, SECOND))))
  const width = (to - from) / panels
  let sum = completedBy(from) + completedBy(to)
  for (let i = 1; i < panels; i++) sum += (i % 2 === 1 ? 4 : 2) * completedBy(from + i * width)
  return (sum * width) / 3
}

/** The factor to a schedule's intervals at which its mean delay is `delayMs`. A smaller one polls more often. */
export const measureAtDelay = ({ times }: Schedule, law: Law, delayMs: number): Measured => {
  let [low, high] = [1e-3, 1e3]
  while (high / low > 1.0001) {
    const scale = Math.sqrt(low * high)
    if (measure(times(scale), law).delayMs > delayMs) high = scale
    else low = scale
  }
  return measure(times(low), law)
}

/** Polls by an interval that depends on the age and on the number of polls so far. */
export function* timesBy(interval: (ageMs: number, poll: number) => number): Generator<number> {
  let age = 0
  for (let poll = 0; ; poll++) {
    age += interval(age, poll)
    if (!(age < DEADLINE_MS)) break
    yield age
  }
  yield DEADLINE_MS
}

const fixed =
  (everyMs: number): Times =>
  scale =>
    timesBy(() => scale * everyMs)

const backOff =
  ({ firstMs, factor, maxMs }: { firstMs: number; factor: number; maxMs: number }): Times =>
  scale =>
    timesBy((_, poll) => scale * Math.min(maxMs, firstMs * factor ** poll))

/** The mean of a random delay between the least one and a ceiling that doubles; only means are compared. */
const awsWaiter = ({ minMs, maxMs }: Bounds): Times => {
  const ceiling = (poll: number) => Math.min(maxMs, minMs * 2 ** Math.min(poll, 30))
  return scale => timesBy((_, poll) => (scale * (minMs + ceiling(poll))) / 2)
}

/** After its end it repeats its last interval. */
const table = (ages: readonly number[]): Times => {
  const gaps = ages.map((age, index) => age - (ages[index - 1] ?? 0))
  return scale => timesBy((_, poll) => scale * (gaps[poll] ?? gaps.at(-1) ?? MINUTE))
}

const inSeconds = (...seconds: readonly number[]) => seconds.map(one => one * SECOND)

export const rule: Schedule = {
  name: "the contract's rule",
  times: scale => timesBy(age => scale * pollInterval(age, RULE)),
}

export const FIXED: readonly Schedule[] = [
  { name: 'every 2 s', times: fixed(2 * SECOND) },
  { name: 'back-off × 1.5', times: backOff({ firstMs: 2 * SECOND, factor: 1.5, maxMs: 300 * SECOND }) },
  { name: 'AWS waiter', times: awsWaiter({ minMs: 2 * SECOND, maxMs: 120 * SECOND }) },
  { name: 'Google LRO', times: backOff({ firstMs: 5 * SECOND, factor: 1.5, maxMs: 45 * SECOND }) },
  { name: "Jumio's table", times: table(inSeconds(40, 60, 100, 160, 240, 340, 460, 600, 760, 940)) },
]
