import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeMachine } from '../../bench/support/machine.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import type { Coverage } from './coverage.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { KILL } from './processes/faults.ts'
import { runProcesses } from './processes/run.ts'
import { closeScenes } from './processes/scene.ts'
import { runSoak } from './processes/soak.ts'
import { growing, soakPicture, soakPicturePath, soakText } from './processes/soak-report.ts'
import {
  type Breaches,
  isKept,
  linesOf,
  type Part,
  RELIABILITY_PATH,
  realText,
  redHistories,
  redProcesses,
  resultOf,
  simulatedText,
  withPart,
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
  /** Measures that grow without end. */
  growing?: string[]
  /** It shows nothing where there was none of one of these. */
  happened: Readonly<Record<string, number>>
  coverage?: Coverage
  /** Its figures. */
  text: string
  picture?: string
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
  const given = process.argv.slice(2).filter(one => one !== '--write')
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

const soak = async ({ engine, seed, count: minutes, rate }: Options): Promise<Outcome> => {
  const soaked = await runSoak({ engine, seed, minutes, rate, onProgress: say })
  if (!isKept(resultOf([soaked]))) say(redProcesses(soaked, commandOf(seed)))
  const { registrations, webhooks, kills } = soaked.counts
  return {
    red: [soaked],
    growing: growing(soaked).map(({ name }) => name),
    happened: { registrations, webhooks, kills },
    text: soakText(soaked),
    picture: soakPicture(soaked),
  }
}

/** The parts of a run, by the names of their places in the page. */
const partsOf = (options: Options): Partial<Record<Part['name'], () => Promise<Outcome>>> => {
  const { mode, engine, count } = options
  const endsAt = () => (mode === 'minutes' ? Date.now() + (count * MINUTE) / 2 : Number.POSITIVE_INFINITY)
  const simulated = () => simulate(options, endsAt())
  const real = () => bringFaults(options, endsAt())
  if (mode === 'soak') return { [`soak-${engine}`]: () => soak(options) }
  if (mode === 'kills') return { [`kills-${engine}`]: real }
  if (mode === 'faults') return { [engine]: real }
  if (mode === 'years') return { years: simulated }
  if (options.plan === 'postgres') return { 'simulated-postgres': simulated }
  return { simulated, ...(mode === 'minutes' && { [engine]: real }) }
}

/** Why a part cannot be put into its place. */
const whyNotWritable = (name: Part['name']): string | null => {
  try {
    accessSync(RELIABILITY_PATH, constants.W_OK)
    withPart(readFileSync(RELIABILITY_PATH, 'utf8'), { name, text: '' }, '')
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const write = ({ engine, seed }: Options, part: Part, picture?: string): void => {
  const measured = `\`${commandOf(seed)}\`, ${new Date().toISOString().slice(0, 10)}, on ${describeMachine()}.`
  writeFileSync(RELIABILITY_PATH, withPart(readFileSync(RELIABILITY_PATH, 'utf8'), part, measured))
  if (picture) writeFileSync(join(dirname(RELIABILITY_PATH), soakPicturePath(engine)), picture)
}

/** Where a picture is that does not go into the page. */
const keepApart = (picture: string): string => {
  const path = join(tmpdir(), `idface-notifier-soak-${Date.now()}.svg`)
  writeFileSync(path, picture)
  return path
}

const run = async (options: Options): Promise<number> => {
  const { mode, seed, writes } = options
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
  const parts = Object.entries(partsOf(options)) as [Part['name'], () => Promise<Outcome>][]
  const unwritable = writes && parts.map(([name]) => whyNotWritable(name)).find(why => why !== null)
  if (unwritable) return refuse(`--write: ${unwritable}`)
  say(`seed ${seed}`)
  const outcomes: (Outcome & { name: Part['name'] })[] = []
  for (const [name, bring] of parts) {
    const outcome = await bring()
    if (stopping.signal.aborted) return INTERRUPTED
    say(outcome.text)
    outcomes.push({ name, ...outcome })
  }
  const red = outcomes.flatMap(one => one.red)
  const result = resultOf(red, {
    growing: outcomes.flatMap(({ growing = [] }) => growing),
    coverage: outcomes.flatMap(({ coverage }) => coverage ?? []),
    missing: outcomes.flatMap(({ happened }) => Object.keys(happened).filter(name => happened[name] === 0)),
  })
  const isWritten = writes && isKept(result)
  if (isWritten) for (const { picture, ...part } of outcomes) write(options, part, picture)
  else for (const { picture } of outcomes) if (picture) say(`The picture of its course: ${keepApart(picture)}`)
  if (writes && !isWritten) say('docs/reliability.md is as it was.')
  say(result)
  return isKept(result) ? 0 : 1
}

const options = readOptions(process.argv.slice(2))
if (typeof options === 'string') process.exit(refuse(options))
if (options.mode === 'help') {
  process.stdout.write(USAGE)
  process.exit(0)
}
setInterval(() => progress() && warn(progress()), PROGRESS_MS).unref()
// Histories that have begun come to their end, so that nothing of them is left behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    warn('Ending what has begun; told once more, it ends at once.')
    stopping.abort()
    void Promise.allSettled([simulating, closeScenes()]).finally(() => process.exit(INTERRUPTED))
  })
process.exitCode = await run(options)
