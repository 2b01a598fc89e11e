import { DAY, HOUR, SECOND } from '../src/core/duration.ts'
import { changeBins, emptyBins } from '../src/core/polling/completion-bins.ts'
import { createPollLearner } from '../src/core/polling/learner.ts'
import { type Interval, type PollSchedule, pollInterval } from '../src/core/polling/schedule.ts'
import { createRandom } from '../test/e2e/seeded-random.ts'
import { percentile } from './support/contest.ts'
import { findAtLeast, findAtMost, type Part } from './support/part.ts'

/** The defaults of the settings, and the longest interval of before. */
const SCHEDULES: readonly (PollSchedule & { name: string })[] = [
  { name: '1 h at most', minMs: 5 * SECOND, maxMs: HOUR, rampMs: 120 * SECOND },
  { name: '5 min at most', minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND },
]
const LAWS = 40
const CHECKS = 1_200
/** After how many checks the learner reads what it knows; a service does each 10 s. */
const READ_EVERY = 10
/** Of another day: the learner's constants were not chosen by these laws. */
const SEED = 261_207

type Random = () => number
/** When people complete their check: up to three kinds of them, and some never do. */
interface Law {
  kinds: readonly { share: number; fromMs: number; medianMs: number; sigma: number }[]
}

const between = (random: Random, low: number, high: number) => low + random() * (high - low)
/** Medians from 15 s to 6 h, equally likely at each factor; from hardly spread to widely; up to 40 % never complete. */
const drawLaw = (random: Random): Law => {
  const weights = Array.from({ length: 1 + Math.floor(random() * 3) }, () => between(random, 0.2, 1))
  const all = weights.reduce((sum, one) => sum + one, 0)
  const completing = between(random, 0.6, 1)
  return {
    kinds: weights.map(weight => ({
      share: (completing * weight) / all,
      fromMs: between(random, 3, 12) * SECOND,
      medianMs: 15 * SECOND * 1_440 ** random(),
      sigma: between(random, 0.2, 1.2),
    })),
  }
}

/** The normal distribution's share below `z` (Abramowitz and Stegun 26.2.17, within 1e-7). */
const below = (z: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
  return z > 0 ? 1 - tail : tail
}
const completedBy = ({ kinds }: Law, ageMs: number): number =>
  kinds.reduce((sum, { share, fromMs, medianMs, sigma }) => {
    const isBefore = ageMs <= fromMs
    return sum + (isBefore ? 0 : share * below(Math.log((ageMs - fromMs) / medianMs) / sigma))
  }, 0)
/** The age at which somebody completes; infinity: never. */
const drawAge = ({ kinds }: Law, random: Random): number => {
  const at = random()
  const kind = kinds.find((_, index) => kinds.slice(0, index + 1).reduce((sum, { share }) => sum + share, 0) > at)
  if (!kind) return Number.POSITIVE_INFINITY
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return kind.fromMs + kind.medianMs * Math.exp(kind.sigma * normal)
}

interface Cost {
  /** Of a check, after the first, until it is completed or a day old. */
  polls: number
  /** From the completion to the poll that finds it, on average. */
  delayMs: number
}
/** Computed from the law, not drawn. */
const costOf = (interval: Interval, law: Law): Cost => {
  let [polls, delay, completed, ageMs] = [0, 0, 0, 0]
  while (ageMs < DAY) {
    const next = Math.min(DAY, ageMs + interval(ageMs))
    const [half, after] = [completedBy(law, (ageMs + next) / 2), completedBy(law, next)]
    polls += 1 - completed
    // Simpson's rule for what is completed within the interval, and waits for its end.
    delay += ((next - ageMs) * (completed + 4 * half + after)) / 6 - (next - ageMs) * completed
    ;[ageMs, completed] = [next, after]
  }
  return { polls, delayMs: completed > 0 ? delay / completed : 0 }
}

/** What is learned from checks as they are drawn, one after another. */
const learnedFrom = (law: Law, schedule: PollSchedule, random: Random): Interval => {
  const learner = createPollLearner(schedule)
  let bins = emptyBins()
  for (let check = 1; check <= CHECKS; check++) {
    const completedAt = drawAge(law, random)
    for (let fromMs = 0; fromMs < Math.min(completedAt, DAY); ) {
      const toMs = fromMs + learner.interval(fromMs)
      // The first poll teaches nothing: nobody knows when the check began to be open.
      if (fromMs > 0) learner.watch({ fromMs, toMs, isComplete: completedAt <= toMs })
      fromMs = toMs
    }
    const change = check % READ_EVERY === 0 ? learner.take() : null
    if (change) {
      bins = changeBins(bins, change)
      learner.know(bins)
    }
  }
  return learner.interval
}

/** The rule, as much slower or faster as gives it this delay. */
const ruleAtDelay = (law: Law, schedule: PollSchedule, delayMs: number): Cost => {
  const at = (times: number) => costOf(ageMs => times * pollInterval(ageMs, schedule), law)
  let [low, high] = [0.25, 4]
  while (high - low > 1e-3) {
    const middle = (low + high) / 2
    if (at(middle).delayMs > delayMs) high = middle
    else low = middle
  }
  return at(low)
}

const seconds = (ms: number): string => `${(ms / SECOND).toFixed(1)} s`
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

/** No service runs here: the service's own rule and learner, and arithmetic. */
export const polling: Part = async ({ scale, say }) => {
  const random = createRandom(SEED)
  const laws = Array.from({ length: Math.ceil(LAWS * scale) }, () => drawLaw(random))
  const results = SCHEDULES.map(schedule => ({
    name: schedule.name,
    laws: laws.map((law, index) => {
      const rule = costOf(ageMs => pollInterval(ageMs, schedule), law)
      const learned = costOf(learnedFrom(law, schedule, createRandom(SEED + index)), law)
      const saved = 1 - learned.polls / ruleAtDelay(law, schedule, learned.delayMs).polls
      say(
        `${schedule.name}, law ${index + 1}: ${percent(saved)} saved, ${seconds(learned.delayMs)}, the rule ${seconds(rule.delayMs)}`,
      )
      return { rule, learned, saved, later: learned.delayMs / rule.delayMs }
    }),
  }))
  const now = results[0]?.laws ?? []
  const saved = now.map(one => one.saved)
  return {
    part: 'polling',
    title: 'When to poll',
    columns: [
      'the rule, polls',
      'its delay',
      'learned, polls',
      'its delay ',
      'saved at the same delay',
      'least and most saved',
    ],
    rows: results.map(({ name, laws: all }) => {
      const middle = (of: (one: (typeof all)[number]) => number, share = 0.5) => percentile(all.map(of), share)
      return {
        name,
        cells: {
          'the rule, polls': middle(one => one.rule.polls).toFixed(1),
          'its delay': seconds(middle(one => one.rule.delayMs)),
          'learned, polls': middle(one => one.learned.polls).toFixed(1),
          'its delay ': seconds(middle(one => one.learned.delayMs)),
          'saved at the same delay': percent(middle(one => one.saved)),
          'least and most saved': `${percent(middle(one => one.saved, 0))}, ${percent(middle(one => one.saved, 1))}`,
        },
      }
    }),
    findings: [
      findAtLeast('polls saved by learning, at the same delay', 100 * percentile(saved, 0.5), {
        aim: 10,
        unit: ' %',
        digits: 0,
      }),
      findAtMost(
        'delay of what is learned, against the rule, worst law',
        percentile(
          now.map(one => one.later),
          1,
        ),
        { aim: 1.1 },
      ),
    ],
    notes: [`Medians of ${laws.length} laws, after ${CHECKS} checks each.`],
  }
}
