/** One line of a part's table: a contestant's medians by column, as they are shown. */
export interface Row {
  name: string
  /** Keyed by the part's columns. */
  cells: Readonly<Record<string, string>>
}

/** A figure for which the project has an aim. */
export interface Finding {
  /** What was measured, such as "deliver, against the raw loop". */
  what: string
  /** The median, as shown: "0.92 ×", "31 µs". */
  value: string
  /** "≥ 1.0 ×, floor 0.7 ×". */
  aim: string
  verdict: 'met' | 'floor' | 'missed'
}

/** What a part of the benchmark found; `docs/performance.md` is made of these. */
export interface PartResult {
  /** The name on the command line. */
  part: string
  title: string
  /** What was run, and how, for a reader who wants to repeat it. Markdown. */
  method: string
  columns: readonly string[]
  rows: readonly Row[]
  findings: readonly Finding[]
  /** What the figures do not show. Markdown sentences. */
  notes: readonly string[]
}

export interface PartOptions {
  /** How often each contestant runs, in turn with the others. */
  rounds: number
  /** 1 for the whole size; less for a quick look. */
  scale: number
  say: (line: string) => void
}

export type Part = (options: PartOptions) => Promise<PartResult>

/** For an aim that is a least value: met, at least the floor, or missed. */
export const judgeAtLeast = (
  value: number,
  { aim, floor = aim }: { aim: number; floor?: number },
): Finding['verdict'] => (value >= aim ? 'met' : value >= floor ? 'floor' : 'missed')

export const judgeAtMost = (
  value: number,
  { aim, floor = aim }: { aim: number; floor?: number },
): Finding['verdict'] => (value <= aim ? 'met' : value <= floor ? 'floor' : 'missed')
