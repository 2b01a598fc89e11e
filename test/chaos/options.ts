import { parseArgs } from 'node:util'
import type { Engine } from './processes/scene.ts'
import { type PlanName, planOf } from './simulation/plans.ts'

export const USAGE = `npm run chaos -- [--minutes M] [--seed N] [--postgres]
  Half of the time simulated minutes in which much goes wrong, half of it real processes that are killed, on one SQLite file or on two nodes of PostgreSQL.
npm run chaos -- --histories N         simulated minutes alone, N times; with --postgres those of two nodes on one PostgreSQL
npm run chaos -- --years N             simulated years alone, N of them
npm run chaos -- --faults N            real processes alone, until N faults were brought [--postgres]
npm run chaos -- --kills N             the same, and each fault is a kill -9 [--postgres]
npm run chaos -- --soak MINUTES        real processes at a constant rate, whose memory, files and times are to stay as they are; from 6 minutes on a process is killed now and then [--rate N] [--postgres]
npm run chaos -- --history N           what a seed of --histories brings, with all that was seen of it; with --years 1, what one of --years brings, and so with --postgres; --only leaves out all but these parts of it, as a red run prints them
  --seed N  the same again
The -- after chaos is needed: npm keeps what stands before it.
`

/** Modes of a run: `minutes` runs all parts, the others one. If two are given, the first counts. */
const MODES = ['help', 'history', 'soak', 'histories', 'years', 'faults', 'kills', 'minutes'] as const
export type Mode = (typeof MODES)[number]
const GOES_WITH: Readonly<Record<Mode, readonly string[]>> = {
  help: [],
  history: ['years', 'postgres', 'only'],
  soak: ['rate', 'seed', 'postgres'],
  histories: ['seed', 'postgres'],
  years: ['seed'],
  faults: ['seed', 'postgres'],
  kills: ['seed', 'postgres'],
  minutes: ['seed', 'postgres'],
}
const ONLY_WITH: Readonly<Record<string, Mode>> = { rate: 'soak', only: 'history' }
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['seed', 'history'])

export interface Options {
  mode: Mode
  /** The number that its mode takes. */
  count: number
  plan: PlanName
  /** The parts of the history that are left in; null: all. */
  only: readonly number[] | null
  seed: number
  rate: number
  engine: Engine
}

const parse = (args: string[]) =>
  parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      histories: { type: 'string' },
      years: { type: 'string' },
      faults: { type: 'string' },
      kills: { type: 'string' },
      soak: { type: 'string' },
      history: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      rate: { type: 'string' },
      postgres: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  }).values

/** Returns the problem with the arguments as text. */
export const readOptions = (args: string[]): Options | string => {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    return (error as Error).message.split(/\.\s/, 1)[0] ?? ''
  }
  const mode = MODES.find(name => values[name] !== undefined) ?? 'minutes'
  for (const [name, value] of Object.entries(values)) {
    if (name !== mode && !GOES_WITH[mode].includes(name))
      return `--${name} ${ONLY_WITH[name] ? `goes with --${ONLY_WITH[name]} only` : `does not go with --${mode}`}`
    const least = MAY_BE_ZERO.has(name) ? 0 : 1
    if (
      typeof value === 'string' &&
      name !== 'only' &&
      !(/^\d+$/.test(value) && Number.isSafeInteger(+value) && +value >= least)
    )
      return `--${name} must be a whole number from ${least} on, not ${value}`
    if (name === 'only' && !/^(\d+(,\d+)*)?$/.test(`${value}`))
      return `--only must be numbers with commas between them, not ${value}`
  }
  const count = Number(values[mode] ?? 10)
  const plan = values.years !== undefined ? 'year' : values.postgres && mode !== 'minutes' ? 'postgres' : 'minutes'
  const only = values.only === undefined ? null : values.only.split(',').filter(Boolean).map(Number)
  const parts = only ? planOf(plan, count).parts : 0
  const unknown = only?.find(n => n >= parts)
  if (unknown !== undefined) return `--only: there is no part ${unknown} of it, the last is ${parts - 1}`
  return {
    ...{ mode, count, plan, only },
    seed: Number(values.seed ?? Math.floor(Date.now() / 1_000)),
    rate: Number(values.rate ?? 150),
    engine: values.postgres ? 'postgres' : 'sqlite',
  }
}
