import { DAY, SECOND } from '../../src/core/duration.ts'
import { BIN_STARTS_MS } from '../../src/core/polling/completion-bins.ts'
import { pollInterval } from '../../src/core/polling/schedule.ts'
import { MARK, snapshotOf } from './contest.ts'
import { LAWS } from './laws.ts'
import { optimumFor } from './optimum.ts'
import { type Curve, drawPlot } from './plot.ts'
import { measure, RULE, rule } from './schedules.ts'

const FIRST_AGE_MS = 5 * SECOND
const STEP_MS = 10 * SECOND
const ages = Array.from({ length: 300 }, (_, index) => FIRST_AGE_MS * (DAY / FIRST_AGE_MS) ** (index / 299))

/** Draws `docs/images/polling.svg`: the bimodal law, what was learned of it, and how often it is polled. */
export const drawPicture = (): string => {
  const law = LAWS.bimodal
  const { hazard, interval } = snapshotOf(law)
  const optimum = optimumFor(law, measure(rule.times(1), law).delayMs, RULE).ages
  const hazardAt = ([from, to]: readonly [number, number]) =>
    (Math.log((1 - law.completedBy(from)) / (1 - law.completedBy(to))) / (to - from)) * STEP_MS
  const curve = (kind: Curve['kind'], label: string, valueAt: (ageMs: number) => number): Curve => ({
    kind,
    label,
    points: ages.map(ageMs => ({ ageMs, value: valueAt(ageMs) })),
  })
  return drawPlot(
    [
      {
        title: 'Hazard: of the checks still open, how many are completed in the next 10 s',
        ticks: [0.00001, 0.0001, 0.001, 0.01, 0.1, 1].map(value => ({
          value,
          label: `${+(value * 100).toFixed(3)} %`,
        })),
        curves: [
          curve('law', 'as it is', ageMs => hazardAt([ageMs, ageMs * 1.01])),
          {
            kind: 'learned',
            label: `learned from ${MARK} checks`,
            points: (hazard ?? []).flatMap((one, bin) => {
              const [start, end] = [BIN_STARTS_MS[bin] ?? 0, BIN_STARTS_MS[bin + 1] ?? DAY]
              if (end <= FIRST_AGE_MS || start >= DAY) return []
              const value = one * STEP_MS
              return [start, end].map(ageMs => ({ ageMs, value }))
            }),
          },
        ],
      },
      {
        title: 'Interval to the next poll',
        ticks: [5, 15, 60, 300].map(value => ({ value: value * SECOND, label: `${value} s` })),
        curves: [
          curve('rule', 'the rule', ageMs => pollInterval(ageMs, RULE)),
          curve('learned', `learned from ${MARK} checks`, interval),
          {
            kind: 'optimum',
            label: 'optimum, the law known',
            points: optimum
              .slice(0, -2)
              .map((ageMs, index) => ({ ageMs, value: (optimum[index + 1] ?? ageMs) - ageMs })),
          },
        ],
      },
    ],
    'Hazard of completion by age, and the intervals that the rule, the learned schedule and the optimum poll at',
  )
}
