import { fileURLToPath } from 'node:url'
import type { Coverage } from './coverage.ts'
import { BROKEN, type Finding } from './findings.ts'
import type { Run } from './processes/run.ts'
import type { Engine } from './processes/scene.ts'
import { MOST_RED, SHOWN_RED, type Totals } from './simulation/many.ts'
import type { PlanName } from './simulation/plans.ts'

export const README_PATH = fileURLToPath(new URL('README.md', import.meta.url))

const shown = (n: number): string => Math.round(n).toLocaleString('en')

/** Breaches found in a history or a run. */
export interface Breaches {
  findings: readonly Finding[]
  /** Rows that do not fit together. */
  inconsistencies: readonly string[]
  /** Errors of the run itself, which then did not reach its end. */
  errors?: readonly string[]
  /** Folders with the recorded evidence. */
  evidence?: readonly string[]
}

/** Counts each word of the findings. */
const wordsOf = (red: readonly Breaches[]): [count: number, word: string][] => {
  const broken = red.flatMap(({ findings }) => findings.map(one => one.broken))
  return [
    ...BROKEN.map((name): [number, string] => [broken.filter(one => one === name).length, name]),
    [red.flatMap(({ inconsistencies }) => inconsistencies).length, 'kinds of rows that do not fit together'],
    [red.flatMap(({ errors = [] }) => errors).length, 'errors'],
  ]
}
const listed = (words: readonly [number, string][]): string =>
  words.map(([count, word]) => `${shown(count)} ${word}`).join(', ')

const judgedText = ({ webhooks, ms }: Coverage): string =>
  `${shown(webhooks[0])} of ${shown(webhooks[1])} webhooks, ${shown(ms[0] / 1_000)} of ${shown(ms[1] / 1_000)} s`
/** Whether less than half of it was judged. */
const isBlind = ({ webhooks, ms }: Coverage): boolean => [webhooks, ms].some(([judged, all]) => judged < all / 2)

const KEPT = 'Every promise was kept.'
export const isKept = (result: string): boolean => result.startsWith(KEPT)

interface Parts {
  missing?: readonly string[]
  coverage?: readonly Coverage[]
}
/**
 * The last line of a run. Nothing is shown where something that belongs to it has not happened at all, or less than half of a part was
 * judged.
 */
export const resultOf = (red: readonly Breaches[], { missing = [], coverage = [] }: Parts = {}): string => {
  const words = wordsOf(red).filter(([count]) => count > 0)
  const judged = coverage.length > 0 ? ` Judged: ${coverage.map(judgedText).join('; ')}.` : ''
  if (words.length > 0) return `BROKEN: ${listed(words)}, see above.${judged}`
  if (missing.length > 0) return `NOTHING SHOWN: there were no ${missing.join(', no ')}.`
  return `${coverage.some(isBlind) ? 'NOTHING SHOWN: less than half was judged.' : KEPT}${judged}`
}

const MOST_OF_ONE = 3
/** Times as `--history` shows them. */
const withTimes = (text: string) => text.replace(/\b1[78]\d{11}\b/g, ms => new Date(Number(ms)).toISOString())

/** One line for each breach: a few of a registration, `most` of all. */
export const linesOf = ({ findings, inconsistencies, errors = [] }: Breaches, most = 20): string[] => {
  const distinct = [...new Map(findings.map(one => [`${one.broken} ${one.what}`, one])).values()]
  const ofOne = Map.groupBy(distinct, ({ what }) => what.split(':', 1)[0])
  const few = [...ofOne.values()].flatMap(same => same.slice(0, MOST_OF_ONE))
  const lines = [
    ...errors.map(error => `error: ${error}`),
    ...inconsistencies.map(name => `rows: ${name}`),
    ...few.map(({ broken, what }) => `${broken}: ${withTimes(what)}`),
  ].slice(0, most)
  const more = errors.length + inconsistencies.length + distinct.length - lines.length
  return [...lines, ...(more > 0 ? [`… ${shown(more)} more`] : [])].map(line => `  ${line}`)
}

const HOW_TO = 'test/chaos/README.md, A red seed, says how to go on.'

const ALSO: Readonly<Record<PlanName, string>> = { minutes: '', postgres: ' --postgres', year: ' --years 1' }

/** The command that repeats each red history, and its breaches. */
export const redHistories = ({ counts, red }: Totals, plan: PlanName, count: number): string => {
  const commands = red.map(
    ({ seed, only }) => `npm run chaos -- --history ${seed}${ALSO[plan]}${only ? ` --only '${only}'` : ''}`,
  )
  const lines = red.slice(0, SHOWN_RED).flatMap((one, i) => [commands[i], ...linesOf(one, MOST_OF_ONE)])
  const more = commands.slice(SHOWN_RED)
  if (more.length > 0) lines.push(`… ${more.length} more: ${more.join('; ')}`)
  if (red.length >= MOST_RED && counts.histories < count)
    lines.push(`Ended early, after ${shown(counts.histories)} histories, as ${red.length} of them are red.`)
  return [...lines, HOW_TO].join('\n')
}

/** The same of real processes. */
export const redProcesses = (run: Breaches, command: string): string => {
  const kept = (run.evidence ?? []).map(folder => `  What was seen, the logs and the database: ${folder}`)
  return [command, ...linesOf(run), ...kept, HOW_TO].join('\n')
}

export const simulatedText = ({ counts, red, coverage }: Totals, plan: PlanName): string => {
  const { histories, hours, deaths, registrations, webhooks, duplicates, polls } = counts
  return `Simulated${plan === 'postgres' ? ' (two nodes on PostgreSQL)' : ''}: ${shown(histories)} histories (${shown(hours)} hours), ${shown(deaths)} deaths of the process, ${shown(registrations)} registrations, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Judged: ${judgedText(coverage)}.
Broken: ${listed(wordsOf(red))}.`
}

export const realText = (run: Run, engine: Engine): string => {
  const { acknowledged, unanswered, polls, webhooks, duplicates } = run.counts
  return `Real processes (${engine === 'sqlite' ? 'one on SQLite' : 'two nodes on PostgreSQL'}): ${shown(acknowledged)} registrations acknowledged, ${shown(unanswered)} times no answer, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Faults: ${Object.entries(run.faults)
    .map(([name, times]) => `${shown(times)} × ${name}`)
    .join(', ')}.
Judged: ${judgedText(run.coverage)}.
Broken: ${listed(wordsOf([run]))}.`
}
