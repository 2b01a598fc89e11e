import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOUR, SECOND } from '../src/core/duration.ts'
import {
  type Course,
  type Look,
  MARK,
  MARK_AFTER_CHANGE,
  runChanges,
  runStationary,
  snapshotOf,
} from './polling/contest.ts'
import { HOURS, LAWS, mixtureOf, QUICK } from './polling/laws.ts'
import { optimumFor } from './polling/optimum.ts'
import { drawPicture } from './polling/picture.ts'
import { FIXED, measure, RULE, rule, timesBy } from './polling/schedules.ts'
import { judgeAtMost, type Part, type Row } from './support/part.ts'
import { renderText } from './support/report.ts'

const PICTURE = join(import.meta.dirname, '../docs/images/polling.svg')
/** The learner's constants were chosen by runs with other seeds. */
const FIRST_SEED = 101
const LONG = { ...RULE, maxMs: HOUR }

const times = (ratio: number) => `${ratio.toFixed(2)} ×`
const seconds = (ms: number) => `${(ms / SECOND).toFixed(1)} s`
const polls = (count: number) => count.toFixed(count < 1_000 ? 1 : 0)

const looksOf = ({ looks }: Course, finished: number): Look[] => looks.filter(look => look.finished === finished)
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const most = (values: readonly number[]) => Math.max(...values)

/** The worst seed's polls over the optimum's. */
const toOptimum = (course: Course, finished: number) =>
  most(looksOf(course, finished).map(look => look.polls)) / course.baseline.optimum
const toRule = ({ looks, baseline }: Course) => most(looks.map(look => look.polls)) / baseline.rule.polls

const rowOf = (course: Course): Row => {
  const { law, rule: byRule, optimum, fixed } = course.baseline
  const looks = looksOf(course, MARK)
  return {
    name: `${law.name}: ${law.description}`,
    cells: {
      'mean delay': seconds(byRule.delayMs),
      ...Object.fromEntries(FIXED.map(({ name }) => [name, polls(fixed[name] ?? Number.NaN)])),
      [rule.name]: polls(byRule.polls),
      learned: polls(median(looks.map(look => look.polls))),
      optimum: polls(optimum),
      'learned, worst': times(toOptimum(course, MARK)),
      'as chosen: polls': polls(median(looks.map(look => look.own.polls))),
      'as chosen: delay': seconds(median(looks.map(look => look.own.delayMs))),
    },
  }
}

const describe = (name: string, course: Course): string => {
  const marks = [...new Set(course.looks.map(look => look.finished))]
  return `${name}: ${marks.map(mark => `${times(toOptimum(course, mark))} the optimum after ${mark}`).join(', ')}.`
}

const describeChange = (course: Course & { name: string }): string => {
  const { rule: byRule } = course.baseline
  const own = looksOf(course, MARK_AFTER_CHANGE).map(look => look.own)
  const chosen = `${polls(median(own.map(one => one.polls)))} polls at ${seconds(median(own.map(one => one.delayMs)))}`
  return `${describe(course.name, course)} As chosen after ${MARK_AFTER_CHANGE}: ${chosen}; the rule: ${polls(byRule.polls)} at ${seconds(byRule.delayMs)}.`
}

/** What a longer POLL_MAX_INTERVAL gains. */
const describeLong = (): string => {
  const law = LAWS.usual
  const byRule = measure(rule.times(1), law)
  const learned = measure(timesBy(snapshotOf(law, LONG).interval), law)
  const optimum = optimumFor(law, byRule.delayMs, LONG)
  return `With POLL_MAX_INTERVAL=1h instead of 300 s the ${law.name} law takes the learned schedule ${polls(learned.polls)} polls at a mean delay of ${seconds(learned.delayMs)}; at the rule's ${seconds(byRule.delayMs)} the optimum is ${polls(optimum.polls)}.`
}

/** Shares of slow checks among the quick ones of one account. */
const SLOW_SHARES = [0, 0.2, 0.5, 0.95]

/** The delay of one kind of check under what was learned from all of the account, over the rule's. */
const kindsInMixtures = (): { kind: string; share: number; delayMs: number; ratio: number }[] =>
  SLOW_SHARES.flatMap(share => {
    const { interval } = snapshotOf(mixtureOf(share))
    return [QUICK, HOURS].map(law => {
      const { delayMs } = measure(timesBy(interval), law)
      return { kind: law.name, share, delayMs, ratio: delayMs / measure(rule.times(1), law).delayMs }
    })
  })

const describeKind = ({ kind, share, delayMs, ratio }: ReturnType<typeof kindsInMixtures>[number]): string =>
  `Where ${share * 100} % of an account's checks take hours and the others a minute, ${kind} checks are found after ${seconds(delayMs)} on average, ${times(ratio)} the rule's delay.`

/** No service runs here: this is arithmetic on completion laws, and the learner itself on drawn checks. `rounds` are seeds. */
export const polling: Part = async ({ rounds, scale, say }) => {
  const seeds = Array.from({ length: scale < 1 ? 1 : Math.max(3, rounds) }, (_, index) => FIRST_SEED + index)
  const stationary = runStationary(seeds)
  for (const course of stationary) say(describe(course.baseline.law.name, course))
  const changes = runChanges(seeds)
  for (const course of changes) say(describeChange(course))
  mkdirSync(join(PICTURE, '..'), { recursive: true })
  writeFileSync(PICTURE, drawPicture())

  const optimal = most(stationary.map(course => toOptimum(course, MARK)))
  const againstRule = most(stationary.map(toRule))
  const recovered = most(changes.map(course => toOptimum(course, MARK_AFTER_CHANGE)))
  const whileRecovering = most(changes.map(toRule))
  const kinds = kindsInMixtures()
  const finding = (what: string, value: number, aim: number) => ({
    what,
    value: times(value),
    aim: `≤ ${aim.toFixed(2)} ×`,
    verdict: judgeAtMost(value, { aim }),
  })
  return {
    part: 'polling',
    title: 'Polls for a verdict',
    method: `Polls for each registration, after the first, until it is completed or 24 h old, at the mean delay that the contract's rule has
under the same law: every schedule's intervals are lengthened until it has that delay too. All figures but the learned one are
computed from the law. Learned: ${seeds.length} runs of drawn checks, one registration every 30 s on average; the schedule as it was
after ${MARK} finished checks (median, and the worst against the optimum), at the same delay by its one constant, and as it had
chosen it itself. Optimum: by dynamic programming with knowledge of the law, within the same bounds of 5 and 300 s.`,
    columns: [
      'mean delay',
      ...FIXED.map(({ name }) => name),
      rule.name,
      'learned',
      'optimum',
      'learned, worst',
      'as chosen: polls',
      'as chosen: delay',
    ],
    rows: stationary.map(rowOf),
    findings: [
      finding(`learned after ${MARK} checks, against the optimum, worst law and seed`, optimal, 1.1),
      finding("learned against the contract's rule, worst of all looks from 250 checks on", againstRule, 1.1),
      finding(`${MARK_AFTER_CHANGE} checks after the law has changed, against the new optimum`, recovered, 1.15),
      finding("against the contract's rule from 100 checks after a change on", whileRecovering, 1.1),
      finding(
        'mean delay of a kind of check in a mixture, against the rule',
        most(kinds.map(({ ratio }) => ratio)),
        1.5,
      ),
    ],
    notes: [...changes.map(describeChange), describeLong(), ...kinds.map(describeKind)],
  }
}

if (import.meta.main) {
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  process.stdout.write(renderText(await polling({ rounds: Number(process.argv[2] ?? 5), scale: 1, say })))
}
