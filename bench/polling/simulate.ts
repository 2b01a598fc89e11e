import { MINUTE } from '../../src/core/duration.ts'
import { type CompletionBins, changeBins, emptyBins, type Hazard } from '../../src/core/polling/completion-bins.ts'
import { createPollLearner } from '../../src/core/polling/learner.ts'
import type { Interval, PollSchedule } from '../../src/core/polling/schedule.ts'
import { DEADLINE_MS, drawAge, type Law } from './laws.ts'
import { createQueue } from './queue.ts'

interface Row {
  at: number
  registeredAt: number
  completesAt: number
  lastPolledAt: number
}

/** The learner's state. */
export interface Snapshot {
  /** Checks that were seen to complete or reached the deadline. */
  finished: number
  interval: Interval
  /** The hazard that the schedule follows; null while the rule holds. */
  hazard: Hazard | null
  bins: CompletionBins
}

export interface Stream {
  lawOf: (finished: number) => Law
  /** The mean time between two registrations, which come at random. */
  everyMs: number
  random: () => number
  schedule: PollSchedule
}

/** The worker writes and reads the bins every few seconds; once a minute is enough at these rates. */
const REFRESH_MS = MINUTE

/** Registers, polls as the learner says, and lets it learn from each poll. Yields a snapshot at each refresh, for ever. */
export function* learn({ lawOf, everyMs, random, schedule }: Stream): Generator<Snapshot> {
  const learner = createPollLearner(schedule)
  const queue = createQueue<Row>()
  let bins = emptyBins()
  let [finished, refreshAt] = [0, REFRESH_MS]
  let nextArrival = 0

  for (;;) {
    const now = Math.min(nextArrival, queue.nextAt())
    if (now >= refreshAt) {
      const change = learner.take()
      if (change) bins = changeBins(bins, change)
      learner.know(bins)
      refreshAt = now + REFRESH_MS
      yield { finished, interval: learner.interval, hazard: learner.hazard(), bins }
    }
    if (now === nextArrival) {
      const completesAt = now + drawAge(lawOf(finished), random())
      // The first poll is made at once and finds nothing.
      const at = now + Math.ceil(learner.interval(0))
      queue.push({ at, registeredAt: now, completesAt, lastPolledAt: now })
      nextArrival = now - Math.log(1 - random()) * everyMs
      continue
    }
    const row = queue.pop()
    const age = now - row.registeredAt
    const isComplete = row.completesAt <= now
    learner.watch({ fromMs: row.lastPolledAt - row.registeredAt, toMs: age, isComplete })
    if (isComplete || age >= DEADLINE_MS) finished++
    else {
      const at = Math.min(now + Math.ceil(learner.interval(age)), row.registeredAt + DEADLINE_MS)
      queue.push({ ...row, at, lastPolledAt: now })
    }
  }
}
