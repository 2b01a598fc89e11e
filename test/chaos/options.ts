import { parseArgs } from 'node:util'
import type { Engine } from './processes/scene.ts'
import { type PlanName, planOf } from './simulation/plans.ts'

export const USAGE = `npm run chaos -- [--minutes M] [--seed N] [--postgres]
  Half of the time simulated minutes in which much goes wrong, half of it real processes that are killed, on one SQLite file or on two nodes of PostgreSQL.
npm run chaos -- --histories N         simulated minutes alone, N times; with --postgres those of two nodes on one PostgreSQL
npm run chaos -- --years N             simulated years alone, N of them
npm run chaos -- --faults N            real processes alone, until N faults were brought [--postgres]
npm run chaos -- --kills N             the same, and each fault is a kill -9 [--postgres]
npm run chaos -- --history N           what a seed of --histories brings, with all that was seen of it; with --years 1, what one of --years brings, and so with --postgres; --only leaves out all but these parts of it, as a red run prints them
  --seed N  the same again
The -- after chaos is needed: npm keeps what stands before it.
`

/** Each takes a number. A run has one of them, but for --history with --years. */
const MODES = ['history', 'histories', 'years', 'faults', 'kills', 'minutes'] as const
export type Mode = (typeof MODES)[number]

export interface Options {
  mode: Mode
  /** The number that its mode takes. */
  count: number
  plan: PlanName
  /** The parts of the history that are left in; null: all. */
  only: readonly number[] | null
  seed: number
  engine: Engine
}

const string = { type: 'string' } as const
const parse = (args: string[]) =>
  parseArgs({
    args,
    options: {
      ...{ history: string, histories: string, years: string, faults: string, kills: string, minutes: string },
      ...{ seed: string, only: string, postgres: { type: 'boolean' } },
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
  const { only: listed, postgres = false, ...numbers } = values
  for (const [name, value] of Object.entries(numbers)) {
    const least = name === 'seed' || name === 'history' ? 0 : 1
    if (!(/^\d+$/.test(value) && Number.isSafeInteger(+value) && +value >= least))
      return `--${name} must be a whole number from ${least} on, not ${value}`
  }
  const [mode = 'minutes', other] = MODES.filter(name => name in values)
  if (other && `${mode} ${other}` !== 'history years') return `--${other} does not go with --${mode}`
  if ('years' in values && postgres) return '--postgres does not go with --years'
  const count = Number(values[mode] ?? 10)
  const plan = 'years' in values ? 'year' : postgres && mode !== 'minutes' ? 'postgres' : 'minutes'
  const only = listed === undefined ? null : listed.split(',').filter(Boolean).map(Number)
  if (only && mode !== 'history') return '--only goes with --history'
  const unknown = only?.find(n => !(n >= 0 && n < planOf(plan, count).parts))
  if (unknown !== undefined) return `--only must be numbers of its parts with commas between them, not ${listed}`
  const seed = Number(values.seed ?? Math.floor(Date.now() / 1_000))
  return { mode, count, plan, only, seed, engine: postgres ? 'postgres' : 'sqlite' }
}
