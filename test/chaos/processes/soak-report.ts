import { FAULTY, SLICE_MS, type Soak, type Unit } from './soak.ts'

/** Limits of "flat": the last fifth of a run may have this many times the second fifth, and this much more. */
const LIMITS: Readonly<Record<Unit, { times: number; plus: number }>> = {
  MB: { times: 1.15, plus: 10 },
  '% of a core': { times: 1.25, plus: 5 },
  open: { times: 1.1, plus: 10 },
  ms: { times: 1.5, plus: 20 },
}

const shown = (n: number): string => (n < 10 ? String(Number(n.toFixed(1))) : Math.round(n).toLocaleString('en'))
const median = (values: readonly number[]): number => {
  const sorted = values.filter(value => !Number.isNaN(value)).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
interface Course {
  name: string
  unit: Unit
  values: readonly number[]
  from: number
  to: number
  isFlat: boolean
}
const coursesOf = ({ series }: Soak): Course[] =>
  [...series].map(([name, { unit, values }]) => {
    const fifth = Math.floor(values.length / 5)
    const from = median(values.slice(fifth, 2 * fifth))
    const to = median(values.slice(-fifth))
    return { name, unit, values, from, to, isFlat: to <= from * LIMITS[unit].times + LIMITS[unit].plus }
  })

export const growing = (soak: Soak): Course[] => coursesOf(soak).filter(({ isFlat }) => !isFlat)

/** The result of a soak, a line for each measure. */
export const soakText = (soak: Soak): string => {
  const { engine, minutes, rate, counts, findings, inconsistencies } = soak
  const list = (flat: boolean) =>
    coursesOf(soak)
      .filter(({ isFlat }) => isFlat === flat)
      .map(({ name, unit, from, to }) => `${name} ${shown(from)} → ${shown(to)} ${unit}`)
      .join('; ') || 'nothing'
  const { registrations, refused, polls, webhooks, failed, duplicates, kills } = counts
  return `${shown(minutes)} minutes of ${shown(rate)} registrations a second (${engine === 'sqlite' ? 'one process on SQLite' : 'two nodes on PostgreSQL'}), ${100 * FAULTY.receivers} % of receivers' answers and ${100 * FAULTY.upstream} % of the first answers of GetResult faulty, ${shown(kills)} × kill -9: ${shown(registrations)} registrations acknowledged, ${shown(refused)} refused, ${shown(polls)} calls of GetResult, ${shown(webhooks)} webhooks, ${shown(failed)} of them not answered with a 2xx, ${shown(duplicates)} again after their 2xx.
Broken promises: ${findings.length}; rows that do not fit together: ${inconsistencies.length}. Judged ${SLICE_MS / 1_000} s of registrations at a time, each a minute after its end; events are not read.
Flat, from the second fifth of the run to the last: ${list(true)}.
Growing: ${list(false)}.`
}

const WIDTH = 760
const PANEL = { width: 348, height: 96, plot: 56, left: 16, gap: 32 }

/** A picture for each series, from 0 to its highest, all over the same time. */
export const soakPicture = (soak: Soak): string => {
  const courses = coursesOf(soak)
  const height = Math.ceil(courses.length / 2) * PANEL.height + 28
  const panels = courses.map(({ name, unit, values, from, to, isFlat }, i) => {
    const x = PANEL.left + (i % 2) * (PANEL.width + PANEL.gap)
    const y = Math.floor(i / 2) * PANEL.height + 26
    const bottom = y + 8 + PANEL.plot
    const most = Math.max(...values.filter(value => !Number.isNaN(value)))
    const points = values.flatMap((value, at) =>
      Number.isNaN(value)
        ? []
        : [
            `${(x + (at / (values.length - 1)) * PANEL.width).toFixed(1)} ${(bottom - (value / (most || 1)) * PANEL.plot).toFixed(1)}`,
          ],
    )
    return `<text x="${x}" y="${y}" class="title">${name}</text>
<text x="${x + PANEL.width}" y="${y}" text-anchor="end">${shown(from)} → ${shown(to)} ${unit}, at most ${shown(most)}${isFlat ? '' : ': grows'}</text>
<path class="grid" d="M${x} ${bottom - PANEL.plot}h${PANEL.width}M${x} ${bottom}h${PANEL.width}"/>
<path class="${isFlat ? 'flat' : 'grows'}" d="M${points.join('L')}"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Memory, descriptors, CPU, files and times during ${soak.minutes} minutes">
<style>
  text { font: 12px system-ui, sans-serif; fill: #333 } .title { font-weight: 600 }
  .grid { stroke: #ddd } path { fill: none; stroke-width: 1.5 } .flat { stroke: #1766b5 } .grows { stroke: #c2571a }
  .ground { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc } .grid { stroke: #3a3a3a } .ground { fill: #0d1117 } .flat { stroke: #58a6ff } .grows { stroke: #f0883e }
  }
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
${panels.join('\n')}
<text x="${PANEL.left}" y="${height - 8}">0 to ${soak.minutes} minutes; each from 0 to its highest</text>
</svg>
`
}
