import type { CompletionBins, Hazard } from '../../src/core/polling/completion-bins.ts'
import { withCare } from '../../src/core/polling/learner.ts'
import { densitySchedule, type Interval, pollInterval } from '../../src/core/polling/schedule.ts'
import { CHANGES, type Law, STATIONARY } from './laws.ts'
import { optimumFor } from './optimum.ts'
import { randomFrom } from './random.ts'
import { FIXED, type Measured, measure, measureAtDelay, RULE, rule, timesBy } from './schedules.ts'
import { learn, type Snapshot } from './simulate.ts'

/** The mean time between two registrations; 1,000 checks take some nine hours. */
const EVERY_MS = 30_000
/** Finished checks after which the learned schedule is measured. */
const MARKS = [250, 350, 500, 1_000, 2_500]
export const MARK = 1_000
/** The law changes after this many checks; then, how many more until each measurement. */
const CHANGES_AT = 1_500
const MARKS_AFTER_CHANGE = [100, 250, 350, 500, 1_000]
export const MARK_AFTER_CHANGE = 500

/** A law, and what polling costs under it. */
export interface Baseline {
  law: Law
  rule: Measured
  /** At the rule's mean delay. */
  optimum: number
  fixed: Readonly<Record<string, number>>
}

/** A learning schedule at one moment. */
export interface Look {
  seed: number
  finished: number
  /** At the rule's mean delay, by the cost. */
  polls: number
  /** With the cost that it chose itself. */
  own: Measured
}

export interface Course {
  baseline: Baseline
  looks: readonly Look[]
}

const baselineOf = (law: Law): Baseline => {
  const measured = measure(rule.times(1), law)
  return {
    law,
    rule: measured,
    optimum: optimumFor(law, measured.delayMs, RULE).polls,
    fixed: Object.fromEntries(FIXED.map(one => [one.name, measureAtDelay(one, law, measured.delayMs).polls])),
  }
}

const byRule: Interval = ageMs => pollInterval(ageMs, RULE)

/** The polls of the learned schedule at the cost at which its mean delay is `delayMs`. */
const pollsAtDelay = (hazard: Hazard, bins: CompletionBins, { law, rule: { delayMs } }: Baseline): number => {
  const at = (logCost: number) =>
    measure(timesBy(withCare(densitySchedule(hazard, Math.exp(logCost), RULE), byRule, bins)), law)
  let [low, high] = [-30, 30]
  while (high - low > 1e-4) {
    const middle = (low + high) / 2
    if (at(middle).delayMs > delayMs) high = middle
    else low = middle
  }
  return at(low).polls
}

const look = (seed: number, { hazard, interval, bins }: Snapshot, baseline: Baseline): Omit<Look, 'finished'> => ({
  seed,
  polls: hazard === null ? baseline.rule.polls : pollsAtDelay(hazard, bins, baseline),
  own: measure(timesBy(interval), baseline.law),
})

/** Measures one run when this many checks have finished since `since`. */
const looksAt = (
  snapshots: Iterable<Snapshot>,
  {
    seed,
    marks,
    baseline,
    isBegun,
  }: { seed: number; marks: readonly number[]; baseline: Baseline; isBegun: () => boolean },
): Look[] => {
  const looks: Look[] = []
  let since: number | null = null
  for (const snapshot of snapshots) {
    if (!isBegun()) continue
    since ??= snapshot.finished
    const mark = marks[looks.length]
    if (mark === undefined) break
    if (snapshot.finished - since >= mark) looks.push({ ...look(seed, snapshot, baseline), finished: mark })
  }
  return looks
}

export const runStationary = (seeds: readonly number[]): Course[] =>
  STATIONARY.map(law => {
    const baseline = baselineOf(law)
    const looks = seeds.flatMap(seed =>
      looksAt(learn({ lawOf: () => law, everyMs: EVERY_MS, random: randomFrom(seed), schedule: RULE }), {
        seed,
        marks: MARKS,
        baseline,
        isBegun: () => true,
      }),
    )
    return { baseline, looks }
  })

export const runChanges = (seeds: readonly number[]): (Course & { name: string })[] =>
  CHANGES.map(({ name, before, after }) => {
    const baseline = baselineOf(after)
    const looks = seeds.flatMap(seed => {
      let isChanged = false
      const lawOf = (finished: number) => {
        isChanged ||= finished >= CHANGES_AT
        return isChanged ? after : before
      }
      return looksAt(learn({ lawOf, everyMs: EVERY_MS, random: randomFrom(seed), schedule: RULE }), {
        seed,
        marks: MARKS_AFTER_CHANGE,
        baseline,
        isBegun: () => isChanged,
      })
    })
    return { name, baseline, looks }
  })

/** The run of one seed up to the mark. */
export const snapshotOf = (law: Law, schedule = RULE): Snapshot => {
  for (const snapshot of learn({ lawOf: () => law, everyMs: EVERY_MS, random: randomFrom(1), schedule }))
    if (snapshot.finished >= MARK) return snapshot
  throw new Error('the course has ended')
}
