import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'

/** A curve over the age; nothing is drawn where it is null. */
export interface Curve {
  label: string
  /** A class of the style sheet below. */
  kind: 'law' | 'rule' | 'learned' | 'optimum'
  points: readonly { ageMs: number; value: number }[]
}

export interface Panel {
  title: string
  ticks: readonly { value: number; label: string }[]
  curves: readonly Curve[]
}

const WIDTH = 760
const LEFT = 92
const RIGHT = 20
const PANEL_TOP = 62
const PANEL_HEIGHT = 230
const PANEL_PITCH = 322
const AGES = [
  { value: 5 * SECOND, label: '5 s' },
  { value: 15 * SECOND, label: '15 s' },
  { value: MINUTE, label: '1 min' },
  { value: 5 * MINUTE, label: '5 min' },
  { value: 20 * MINUTE, label: '20 min' },
  { value: HOUR, label: '1 h' },
  { value: 4 * HOUR, label: '4 h' },
  { value: DAY, label: '24 h' },
]

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600; font-size: 14px }
  .grid { stroke: #ddd; stroke-width: 1 }
  .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round }
  .law { stroke: #888; stroke-dasharray: 5 4 } .rule { stroke: #c2571a } .learned { stroke: #1766b5 }
  .optimum { stroke: #2a8a4a; stroke-dasharray: 2 4; stroke-linecap: round }
  .ground { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc } .grid { stroke: #3a3a3a } .ground { fill: #0d1117 }
    .law { stroke: #999 } .rule { stroke: #f0883e } .learned { stroke: #58a6ff } .optimum { stroke: #56d364 }
  }`

/** Where a value lies between the first and the last tick, on a logarithmic scale: 0 to 1. */
const place = (value: number, ticks: Panel['ticks']): number => {
  const [low, high] = [Math.log(ticks[0]?.value ?? 1), Math.log(ticks.at(-1)?.value ?? 10)]
  return Math.min(1, Math.max(0, (Math.log(value) - low) / (high - low)))
}

const xOf = (ageMs: number) => LEFT + place(ageMs, AGES) * (WIDTH - LEFT - RIGHT)

const drawPanel = ({ title, ticks, curves }: Panel, index: number): string => {
  const top = PANEL_TOP + index * PANEL_PITCH
  const bottom = top + PANEL_HEIGHT
  const yOf = (value: number) => bottom - place(value, ticks) * PANEL_HEIGHT
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<line class="grid" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`
  const text = (x: number, y: number, words: string, more = '') =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words}</text>`
  return [
    text(LEFT, top - 38, title, 'class="title"'),
    ...curves.map(
      ({ label, kind }, at) =>
        `<path class="curve ${kind}" d="M${LEFT + at * 225} ${top - 19}h26"/>${text(LEFT + at * 225 + 32, top - 15, label)}`,
    ),
    ...ticks.flatMap(({ value, label }) => [
      line(LEFT, yOf(value), WIDTH - RIGHT, yOf(value)),
      text(LEFT - 8, yOf(value) + 4, label, 'text-anchor="end"'),
    ]),
    ...AGES.flatMap(({ value, label }) => [
      line(xOf(value), top, xOf(value), bottom),
      text(xOf(value), bottom + 18, label, `text-anchor="${value === DAY ? 'end' : 'middle'}"`),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, 'age of the check', 'text-anchor="middle"'),
    ...curves.map(({ kind, points }) => {
      const path = points.map(({ ageMs, value }) => `${xOf(ageMs).toFixed(1)} ${yOf(value).toFixed(1)}`)
      return `<path class="curve ${kind}" d="M${path.join('L')}"/>`
    }),
  ].join('\n')
}

/** Panels below one another over the same ages, both scales logarithmic. */
export const drawPlot = (panels: readonly Panel[], description: string): string => {
  const height = PANEL_TOP + panels.length * PANEL_PITCH - 30
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${description}">
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
${panels.map(drawPanel).join('\n')}
</svg>
`
}
