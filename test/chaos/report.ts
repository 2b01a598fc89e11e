import { fileURLToPath } from 'node:url'
import { countDuplicates } from './check.ts'
import { BROKEN } from './findings.ts'
import type { Run } from './processes/run.ts'
import type { Engine } from './processes/scene.ts'
import type { Totals } from './simulation/many.ts'

export const RELIABILITY_PATH = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url))

const shown = (n: number): string => Math.round(n).toLocaleString('en')

const verdict = (red: readonly Pick<Run, 'findings' | 'inconsistencies'>[]): string => {
  const broken = red.flatMap(({ findings }) => findings.map(one => one.broken))
  const rows = red.flatMap(({ inconsistencies }) => inconsistencies).length
  return `${BROKEN.map(name => `${shown(broken.filter(one => one === name).length)} ${name}`).join(', ')}, ${shown(rows)} kinds of rows that do not fit together`
}

const simulatedPart = ({ counts, red }: Totals): string => {
  const { histories, hours, deaths, registrations, webhooks, duplicates, polls } = counts
  return `Simulated: ${shown(histories)} histories (${shown(hours)} hours), ${shown(deaths)} deaths of the process, ${shown(registrations)} registrations, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Broken: ${verdict(red)}.`
}

const realPart = (run: Run, engine: Engine): string => {
  const { seen, faults } = run
  const acknowledged = seen.registering.filter(({ id }) => id !== null).length
  return `Real processes (${engine === 'sqlite' ? 'one on SQLite' : 'two nodes on PostgreSQL'}): ${shown(acknowledged)} registrations acknowledged, ${shown(seen.registering.length - acknowledged)} times no answer, ${shown(seen.polls.length)} calls of GetResult, ${shown(seen.webhooks.length)} webhooks, ${shown(countDuplicates(seen))} of them again after their 2xx, with the same id.
Faults: ${Object.entries(faults)
    .map(([name, times]) => `${times} × ${name}`)
    .join(', ')}.
Broken: ${verdict([run])}.`
}

/** Figures that have a place of their own in `docs/reliability.md`. */
export interface Part {
  name: 'simulated' | 'years' | Engine | `soak-${Engine}`
  text: string
}

/** What a run has shown. */
export const partsOf = ({
  engine,
  simulated,
  isYears,
  real,
}: {
  engine: Engine
  simulated: Totals | null
  isYears: boolean
  real: Run | null
}): Part[] => [
  ...(simulated ? [{ name: isYears ? 'years' : 'simulated', text: simulatedPart(simulated) } as const] : []),
  ...(real ? [{ name: engine, text: realPart(real, engine) }] : []),
]

/** The page with these figures in their place. */
export const withPart = (page: string, { name, text }: Part, measured: string): string => {
  const begin = `<!-- chaos:${name} -->\n`
  const from = page.indexOf(begin) + begin.length
  const to = page.indexOf('<!-- /chaos -->', from)
  if (from < begin.length || to < 0) throw new Error(`There is no place for chaos:${name}.`)
  return `${page.slice(0, from)}\n${text.replaceAll('\n', '\n\n')}\n\n${measured}\n\n${page.slice(to)}`
}
