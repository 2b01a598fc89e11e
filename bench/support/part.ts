import { medianOf, type Samples } from './contest.ts'
import type { Tree } from './tree.ts'

/** One line of a part's table: a contestant's medians by column, as they are shown. */
export interface Row {
  name: string
  /** Keyed by the part's columns. */
  cells: Readonly<Record<string, string>>
}

/** A figure for which the project has an aim. */
export interface Finding {
  /** The measured subject, such as "deliver, against the raw loop". */
  what: string
  /** The median, as shown: "0.92 ×", "31 µs". */
  value: string
  /** "≥ 1.0 ×, floor 0.7 ×". */
  aim: string
  verdict: 'met' | 'floor' | 'missed'
}

/** The result of a part of the benchmark. `bench/README.md` has those that were kept, and what each part does. */
export interface PartResult {
  /** The name on the command line. */
  part: string
  title: string
  columns: readonly string[]
  rows: readonly Row[]
  findings: readonly Finding[]
  /** The limits of the figures. Markdown sentences. */
  notes: readonly string[]
}

export interface PartOptions {
  /** How often each contestant runs, in turn with the others. */
  rounds: number
  /** 1 for the whole size; less for a quick look. */
  scale: number
  /** Whose `ours` run: this checkout, and one that is compared with it. */
  trees: readonly Tree[]
  say: (line: string) => void
}

export type Part = (options: PartOptions) => Promise<PartResult>

/** A figure and its aim are shown in the same unit and with as many digits. */
interface Aim {
  aim: number
  /** Above it the aim is missed by less than would be a fault. */
  floor?: number
  unit?: string
  digits?: number
}

const shown = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const find = (
  what: string,
  { sign, value, isMet }: { sign: string; value: number; isMet: (limit: number) => boolean },
  { aim, floor, unit = ' ×', digits = 2 }: Aim,
): Finding => ({
  what,
  value: `${shown(value, digits)}${unit}`,
  aim: `${sign} ${aim.toLocaleString('en')}${unit}${floor === undefined ? '' : `, floor ${floor}${unit}`}`,
  verdict: isMet(aim) ? 'met' : floor !== undefined && isMet(floor) ? 'floor' : 'missed',
})

/** A ratio unless a unit is given. */
export const findAtLeast = (what: string, value: number, aim: Aim): Finding =>
  find(what, { sign: '≥', value, isMet: limit => value >= limit }, aim)

export const findAtMost = (what: string, value: number, aim: Aim): Finding =>
  find(what, { sign: '≤', value, isMet: limit => value <= limit }, aim)

/** Of a column: which figure it shows, and with how many digits. */
export type Columns = Readonly<Record<string, readonly [figure: string, digits: number]>>

/** The medians of a contestant, in the columns that it has. */
export const cellsOf = (samples: Samples, name: string, columns: Columns): Row['cells'] =>
  Object.fromEntries(
    Object.entries(columns)
      .map(([column, [figure, digits]]) => [column, shown(medianOf(samples, name, figure), digits)] as const)
      .filter(([, cell]) => cell !== 'NaN'),
  )

/** A row for each contestant. */
export const tableOf = (samples: Samples, columns: Columns): Pick<PartResult, 'columns' | 'rows'> => ({
  columns: Object.keys(columns),
  rows: [...samples.keys()].map(name => ({ name, cells: cellsOf(samples, name, columns) })),
})
