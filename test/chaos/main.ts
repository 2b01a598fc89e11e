import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../../bench/support/machine.ts'
import { MINUTE } from '../../src/core/duration.ts'
import type { Finding } from './findings.ts'
import { runProcesses } from './processes/run.ts'
import type { Engine } from './processes/scene.ts'
import { runSoak } from './processes/soak.ts'
import { growing, soakPicture, soakPicturePath, soakText } from './processes/soak-report.ts'
import { type Part, partsOf, RELIABILITY_PATH, withPart } from './report.ts'
import { runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'

const USAGE = `npm run chaos -- [--seed N] [--minutes M] [--postgres] [--write]
  Half of the time simulated minutes in which much goes wrong, half of it real processes that are killed, on one SQLite file or on two nodes of PostgreSQL.
npm run chaos -- --histories N    simulated minutes alone, N times
npm run chaos -- --years N        simulated years alone, N of them
npm run chaos -- --faults N       real processes alone, until N faults were brought
npm run chaos -- --soak MINUTES   real processes at a constant rate, whose memory, files and times are to stay as they are [--rate N]
npm run chaos -- --history N      what a seed of --histories brings, with all that was seen of it
  --write  put the figures into docs/reliability.md
`
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1_000)) },
    minutes: { type: 'string', default: '10' },
    histories: { type: 'string' },
    years: { type: 'string' },
    faults: { type: 'string' },
    history: { type: 'string' },
    soak: { type: 'string' },
    rate: { type: 'string', default: '150' },
    postgres: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const numberOf = (
  name: 'seed' | 'minutes' | 'histories' | 'years' | 'faults' | 'history' | 'soak' | 'rate',
): number => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 0) return number
  process.stderr.write(`--${name} must be a whole number, not ${values[name]}\n${USAGE}`)
  process.exit(2)
}
const say = (text: string) => process.stdout.write(`${text}\n`)
const list = ({ findings, inconsistencies }: { findings: readonly Finding[]; inconsistencies: readonly string[] }) =>
  [
    ...findings.map(({ broken, what }) => `  ${broken}: ${what}`),
    ...inconsistencies.map(name => `  rows: ${name}`),
  ].join('\n')

/** All that was seen of one history, in the order of time. */
const showHistory = async (seed: number): Promise<number> => {
  const history = await runHistory(seed)
  const { seen, findings, inconsistencies } = history
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
    ...seen.faults.map(one => [one.from, `something is broken until ${new Date(one.to).toISOString()}`]),
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
  if (values.history !== undefined) return showHistory(numberOf('history'))
  const seed = numberOf('seed')
  const halfMs = (numberOf('minutes') * MINUTE) / 2
  const engine = values.postgres ? 'postgres' : 'sqlite'
  say(`seed ${seed}`)
  if (values.soak !== undefined) return soak(engine, seed)
  const startedAt = Date.now()
  const simulate = () => {
    if (values.years !== undefined) return runHistories({ from: seed, count: numberOf('years'), plan: 'year' })
    if (values.histories !== undefined) return runHistories({ from: seed, count: numberOf('histories') })
    return runHistories({ from: seed, count: Number.MAX_SAFE_INTEGER, endsAt: startedAt + halfMs })
  }
  const simulated = values.faults === undefined ? await simulate() : null
  for (const { seed, ...red } of simulated?.red ?? []) say(`npm run chaos -- --history ${seed}\n${list(red)}`)
  const endsAt = Date.now() + halfMs
  const most = values.faults === undefined ? null : numberOf('faults')
  const real =
    values.histories === undefined && values.years === undefined
      ? await runProcesses({ engine, seed, isLong: values.long }, faults =>
          most === null ? Date.now() >= endsAt : faults >= most,
        )
      : null
  const broken = real ? real.findings.length + real.inconsistencies.length : 0
  if (real && broken > 0) say(`real processes, seed ${seed}:\n${list(real)}`)
  for (const part of partsOf({ engine, simulated, isYears: values.years !== undefined, real })) publish(part, seed)
  return (simulated?.red.length ?? 0) + broken
}

process.exitCode = (await run()) === 0 ? 0 : 1
