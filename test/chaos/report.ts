import { countDuplicates } from './check.ts'
import { BROKEN, type Finding } from './findings.ts'
import type { Run } from './processes/run.ts'
import type { Engine } from './processes/scene.ts'
import type { Totals } from './simulation/many.ts'

const shown = (n: number): string => Math.round(n).toLocaleString('en')

const verdict = (findings: readonly Finding[]): string =>
  BROKEN.map(name => `${shown(findings.filter(({ broken }) => broken === name).length)} ${name}`).join(', ')

const simulatedPart = ({ counts, red }: Totals): string => {
  const { histories, hours, deaths, registrations, webhooks, duplicates, polls } = counts
  return `Simulated: ${shown(histories)} histories (${shown(hours)} hours), ${shown(deaths)} deaths of the process, ${shown(registrations)} registrations, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Broken: ${verdict(red.flatMap(({ findings }) => findings))}.`
}

const realPart = ({ seen, faults, findings }: Run, engine: Engine): string => {
  const acknowledged = seen.registering.filter(({ id }) => id !== null).length
  return `Real processes (${engine === 'sqlite' ? 'one on SQLite' : 'two nodes on PostgreSQL'}): ${shown(acknowledged)} registrations acknowledged, ${shown(seen.registering.length - acknowledged)} times no answer, ${shown(seen.polls.length)} calls of GetResult, ${shown(seen.webhooks.length)} webhooks, ${shown(countDuplicates(seen))} of them again after their 2xx, with the same id.
Faults: ${Object.entries(faults)
    .map(([name, times]) => `${times} × ${name}`)
    .join(', ')}.
Broken: ${verdict(findings)}.`
}

/** What a run has shown, as text. */
export const reportOf = ({
  seed,
  engine,
  simulated,
  real,
  seconds,
}: {
  seed: number
  engine: Engine
  simulated: Totals | null
  real: Run | null
  seconds: number
}): string =>
  [
    `Seed ${seed}, ${shown(seconds)} s.`,
    ...(simulated ? [simulatedPart(simulated)] : []),
    ...(real ? [realPart(real, engine)] : []),
  ].join('\n')
