import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../../bench/support/machine.ts'
import { MINUTE } from '../../src/core/duration.ts'
import type { Finding } from './findings.ts'
import { KILL } from './processes/faults.ts'
import { runProcesses } from './processes/run.ts'
import { closeScenes, type Engine } from './processes/scene.ts'
import { runSoak } from './processes/soak.ts'
import { growing, soakPicture, soakPicturePath, soakText } from './processes/soak-report.ts'
import { type Part, RELIABILITY_PATH, realText, simulatedText, withPart } from './report.ts'
import { runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'
import { PLANS, type PlanName } from './simulation/plans.ts'

const USAGE = `npm run chaos -- [--seed N] [--minutes M] [--postgres] [--write]
  Half of the time simulated minutes in which much goes wrong, half of it real processes that are killed, on one SQLite file or on two nodes of PostgreSQL.
npm run chaos -- --histories N    simulated minutes alone, N times
npm run chaos -- --years N        simulated years alone, N of them
npm run chaos -- --faults N       real processes alone, until N faults were brought
npm run chaos -- --kills N        the same, and each fault is a kill -9
npm run chaos -- --soak MINUTES   real processes at a constant rate, whose memory, files and times are to stay as they are [--rate N]
npm run chaos -- --history N      what a seed of --histories brings, with all that was seen of it; with --years 1, what one of --years brings
  --write  put the figures into docs/reliability.md
`
/** Of a run of one of these alone. */
const KINDS = ['histories', 'years', 'faults', 'kills'] as const
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1_000)) },
    minutes: { type: 'string', default: '10' },
    histories: { type: 'string' },
    years: { type: 'string' },
    faults: { type: 'string' },
    kills: { type: 'string' },
    history: { type: 'string' },
    soak: { type: 'string' },
    rate: { type: 'string', default: '150' },
    postgres: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const numberOf = (name: Exclude<keyof typeof values, 'postgres' | 'long' | 'write' | 'help'>): number => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 0) return number
  process.stderr.write(`--${name} must be a whole number, not ${values[name]}\n${USAGE}`)
  process.exit(2)
}
const say = (text: string) => process.stdout.write(`${text}\n`)
/** As `--history` shows them. */
const withTimes = (text: string) => text.replace(/\b1[78]\d{11}\b/g, ms => new Date(Number(ms)).toISOString())
const list = ({ findings, inconsistencies }: { findings: readonly Finding[]; inconsistencies: readonly string[] }) =>
  [
    ...findings.map(({ broken, what }) => `  ${broken}: ${withTimes(what)}`),
    ...inconsistencies.map(name => `  rows: ${name}`),
  ].join('\n')

/** All that was seen of one history, in the order of time. */
const showHistory = async (seed: number, plan: PlanName): Promise<number> => {
  const history = await runHistory(seed, { plan: PLANS[plan] })
  const { seen, steps, findings, inconsistencies } = history
  const lines = [
    ...seen.registering.map(one => [
      one.at,
      `${one.partner} registers ${one.serial} for ${one.url}: ${one.id ?? 'no answer'}`,
    ]),
    ...seen.acts.map(one => [one.at, `${one.partner} wants ${one.what} of ${one.id}`]),
    ...seen.shown.map(one => [
      one.at,
      `${one.id} is shown as ${one.registration?.status}, ${one.registration?.delivery.state}`,
    ]),
    ...seen.webhooks.map(one => [one.at, `${one.id} comes to ${one.url}: ${one.status ?? 'no answer'}`]),
    ...seen.polls.map(one => [
      one.at,
      `GetResult is asked about ${one.serial}: ${one.answer}${one.heardAt === null ? ', unheard' : ''}`,
    ]),
    ...seen.troubles.map(({ from, to, name }) => [from, `${name}, until ${new Date(to).toISOString()}`]),
    ...steps.map(({ at, ms }) => [at, `the clock of the service is set by ${ms} ms`]),
  ] as [number, string][]
  for (const [at, text] of lines.sort(([a], [b]) => a - b)) say(`${new Date(at).toISOString()} ${text}`)
  const broken = findings.length + inconsistencies.length
  say(broken === 0 ? 'Every promise was kept.' : list(history))
  return broken
}

/** What to type to see the same again. */
const commandOf = (seed: number): string => {
  const given = process.argv.slice(2).filter(one => one !== '--write')
  return ['npm run chaos --', ...given, ...(given.includes('--seed') ? [] : [`--seed ${seed}`])].join(' ')
}

/** Says it, and puts it into its place if that was asked for. */
const publish = (part: Part, seed: number): void => {
  say(part.text)
  if (!values.write) return
  const measured = `\`${commandOf(seed)}\`, ${new Date().toISOString().slice(0, 10)}, on ${describeMachine()}.`
  writeFileSync(RELIABILITY_PATH, withPart(readFileSync(RELIABILITY_PATH, 'utf8'), part, measured))
}

const soak = async (engine: Engine, seed: number): Promise<number> => {
  const soaked = await runSoak({ engine, seed, minutes: numberOf('soak'), rate: numberOf('rate'), onProgress: say })
  const red = soaked.findings.length + soaked.inconsistencies.length
  if (red > 0) say(list(soaked))
  publish({ name: `soak-${engine}`, text: soakText(soaked) }, seed)
  if (values.write) writeFileSync(join(dirname(RELIABILITY_PATH), soakPicturePath(engine)), soakPicture(soaked))
  return red + growing(soaked).length
}

const run = async (): Promise<number> => {
  if (values.help) {
    say(USAGE)
    return 0
  }
  const plan = values.years === undefined ? 'minutes' : 'year'
  if (values.history !== undefined) return showHistory(numberOf('history'), plan)
  const seed = numberOf('seed')
  const halfMs = (numberOf('minutes') * MINUTE) / 2
  const engine = values.postgres ? 'postgres' : 'sqlite'
  say(`seed ${seed}`)
  if (values.soak !== undefined) return soak(engine, seed)
  const isAll = KINDS.every(kind => values[kind] === undefined)
  let broken = 0
  if (isAll || values.histories !== undefined || values.years !== undefined) {
    const count = isAll ? Number.MAX_SAFE_INTEGER : numberOf(plan === 'year' ? 'years' : 'histories')
    const simulated = await runHistories({ from: seed, count, plan, ...(isAll && { endsAt: Date.now() + halfMs }) })
    const kind = plan === 'year' ? ' --years 1' : ''
    for (const { seed, ...red } of simulated.red) say(`npm run chaos -- --history ${seed}${kind}\n${list(red)}`)
    publish({ name: plan === 'year' ? 'years' : 'simulated', text: simulatedText(simulated) }, seed)
    broken += simulated.red.length
  }
  if (isAll || values.faults !== undefined || values.kills !== undefined) {
    const until = isAll
      ? { endsAt: Date.now() + halfMs }
      : values.kills === undefined
        ? { faults: numberOf('faults') }
        : { faults: numberOf('kills'), kinds: [KILL] }
    const real = await runProcesses({ engine, seed, isLong: values.long, ...until })
    const red = real.findings.length + real.inconsistencies.length
    if (red > 0) say(`real processes, seed ${seed}:\n${list(real)}`)
    publish({ name: values.kills === undefined ? engine : `kills-${engine}`, text: realText(real, engine) }, seed)
    broken += red
  }
  return broken
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void closeScenes().finally(() => process.exit(130)))
process.exitCode = (await run()) === 0 ? 0 : 1
