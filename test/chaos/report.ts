import { fileURLToPath } from 'node:url'
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

export const simulatedText = ({ counts, red }: Totals): string => {
  const { histories, hours, deaths, registrations, webhooks, duplicates, polls } = counts
  return `Simulated: ${shown(histories)} histories (${shown(hours)} hours), ${shown(deaths)} deaths of the process, ${shown(registrations)} registrations, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Broken: ${verdict(red)}.`
}

export const realText = (run: Run, engine: Engine): string => {
  const { acknowledged, unanswered, polls, webhooks, duplicates } = run.counts
  return `Real processes (${engine === 'sqlite' ? 'one on SQLite' : 'two nodes on PostgreSQL'}): ${shown(acknowledged)} registrations acknowledged, ${shown(unanswered)} times no answer, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(duplicates)} of them again after their 2xx, with the same id.
Faults: ${Object.entries(run.faults)
    .map(([name, times]) => `${shown(times)} × ${name}`)
    .join(', ')}.
Broken: ${verdict([run])}.`
}

/** Figures that have a place of their own in `docs/reliability.md`. */
export interface Part {
  name: 'simulated' | 'years' | Engine | `kills-${Engine}` | `soak-${Engine}`
  text: string
}

/** The page with these figures in their place. */
export const withPart = (page: string, { name, text }: Part, measured: string): string => {
  const begin = `<!-- chaos:${name} -->\n`
  const from = page.indexOf(begin) + begin.length
  const to = page.indexOf('<!-- /chaos -->', from)
  if (from < begin.length || to < 0) throw new Error(`There is no place for chaos:${name}.`)
  return `${page.slice(0, from)}\n${text.replaceAll('\n', '\n\n')}\n\n${measured}\n\n${page.slice(to)}`
}
