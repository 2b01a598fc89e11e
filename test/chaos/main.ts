import { MINUTE, SECOND } from '../../src/core/duration.ts'
import type { Coverage } from './coverage.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { KILL } from './processes/faults.ts'
import { runProcesses } from './processes/run.ts'
import { closeScenes } from './processes/scene.ts'
import {
  type Breaches,
  isKept,
  linesOf,
  realText,
  redHistories,
  redProcesses,
  resultOf,
  simulatedText,
} from './report.ts'
import { runHistories } from './simulation/many.ts'
import { reachedBy } from './simulation/reached.ts'
import { showHistory } from './simulation/show.ts'

const PROGRESS_MS = 30 * SECOND
const say = (text: string) => process.stdout.write(`${text}\n`)
const warn = (text: string) => process.stderr.write(`${text}\n`)

/** The result of a part of a run. */
interface Outcome {
  red: readonly Breaches[]
  /** It shows nothing where there was none of one of these. */
  happened: Readonly<Record<string, number>>
  coverage?: Coverage
  /** Its figures. */
  text: string
}

/** Prints the problem with the command. */
const refuse = (problem: string): number => {
  warn(`${problem}\n${USAGE}`)
  return 2
}
const INTERRUPTED = 130

const stopping = new AbortController()
/** Histories that are under way. */
let simulating: Promise<unknown> = Promise.resolve()
/** The progress, printed now and then. */
let progress = () => ''

/** The command that repeats this run. */
const commandOf = (seed: number): string => {
  const given = process.argv.slice(2)
  const isSeeded = given.some(one => one.startsWith('--seed'))
  return ['npm run chaos --', ...given, ...(isSeeded ? [] : [`--seed ${seed}`])].join(' ')
}

const simulate = async ({ mode, seed, plan, count: asked }: Options, endsAt: number): Promise<Outcome> => {
  const count = mode === 'minutes' ? Number.MAX_SAFE_INTEGER : asked
  const { signal } = stopping
  const running = runHistories({
    seedAt: n => seed + n,
    ...{ count, plan, endsAt, signal },
    onJudged: ({ counts: { histories, faults }, red }) => {
      progress = () => `${histories} histories, ${faults} faults, ${red.length} red`
    },
  })
  simulating = running
  const totals = await running
  const { registrations, webhooks, faults } = totals.counts
  if (totals.red.length > 0) say(redHistories(totals, plan, count))
  const happened = { registrations, webhooks, faults, ...reachedBy(totals, plan) }
  return { red: totals.red, happened, text: simulatedText(totals, plan) }
}

const bringFaults = async ({ mode, seed, engine, count }: Options, endsAt: number): Promise<Outcome> => {
  let brought = 0
  progress = () => `real processes, ${brought} faults`
  const run = await runProcesses({
    ...{ engine, seed, endsAt, onFault: () => void brought++ },
    ...(mode !== 'minutes' && { faults: count }),
    ...(mode === 'kills' && { kinds: [KILL] }),
  })
  if (!isKept(resultOf([run]))) say(redProcesses(run, commandOf(seed)))
  const { acknowledged, webhooks } = run.counts
  const faults = Object.values(run.faults).reduce((sum, times) => sum + times, 0)
  const happened = { registrations: acknowledged, webhooks, faults }
  return { red: [run], coverage: run.coverage, happened, text: realText(run, engine) }
}

/** The parts of a run. */
const partsOf = (options: Options): (() => Promise<Outcome>)[] => {
  const { mode, count } = options
  const endsAt = () => (mode === 'minutes' ? Date.now() + (count * MINUTE) / 2 : Number.POSITIVE_INFINITY)
  const simulated = () => simulate(options, endsAt())
  const real = () => bringFaults(options, endsAt())
  if (mode === 'kills' || mode === 'faults') return [real]
  return mode === 'minutes' ? [simulated, real] : [simulated]
}

const run = async (options: Options): Promise<number> => {
  const { mode, seed } = options
  if (mode === 'history') {
    const showing = showHistory(options, say)
    simulating = showing
    const history = await showing
    for (const line of linesOf(history)) say(line)
    const isEmpty = history.seen.registering.every(({ id }) => id === null)
    const result = resultOf([history], { missing: isEmpty ? ['registrations'] : [] })
    say(result)
    return isKept(result) ? 0 : 1
  }
  say(`seed ${seed}`)
  const outcomes: Outcome[] = []
  for (const bring of partsOf(options)) {
    const outcome = await bring()
    if (stopping.signal.aborted) return INTERRUPTED
    say(outcome.text)
    outcomes.push(outcome)
  }
  const red = outcomes.flatMap(one => one.red)
  const result = resultOf(red, {
    coverage: outcomes.flatMap(({ coverage }) => coverage ?? []),
    missing: outcomes.flatMap(({ happened }) => Object.keys(happened).filter(name => happened[name] === 0)),
  })
  say(result)
  return isKept(result) ? 0 : 1
}

if (process.argv.includes('--help')) {
  say(USAGE)
  process.exit()
}
const options = readOptions(process.argv.slice(2))
if (typeof options === 'string') process.exit(refuse(options))
setInterval(() => progress() && warn(progress()), PROGRESS_MS).unref()
// Histories that have begun come to their end, so that nothing of them is left behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    warn('Ending what has begun; told once more, it ends at once.')
    stopping.abort()
    void Promise.allSettled([simulating, closeScenes()]).finally(() => process.exit(INTERRUPTED))
  })
process.exitCode = await run(options)
