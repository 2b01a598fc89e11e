import { DAY, HOUR, MINUTE } from '../core/duration.ts'

/** What happened in some time, by names that whoever counts gives: counts that add up, and the highest values of gauges. */
export interface HistoryFigures {
  sums: Readonly<Record<string, number>>
  maxima: Readonly<Record<string, number>>
}

/** Figures of a minute, or of the hour that it is in. */
export interface HistoryPoint extends HistoryFigures {
  /** When it began, in epoch ms. */
  at: number
}

/** A process has begun its work. */
export interface HistoryStart {
  at: number
  version: string
}

const RESOLUTIONS = {
  minute: { lengthMs: MINUTE },
  hour: { lengthMs: HOUR },
} as const
export type Resolution = keyof typeof RESOLUTIONS

/**
 * So many of each are kept, the newest: the minutes of 48 hours and the hours of 30 days. What lies ahead, from a clock that was set
 * back, is not counted. By number, because a clock that is ahead for a while would make all of them old.
 */
export const KEPT = { minute: (48 * HOUR) / MINUTE, hour: (30 * DAY) / HOUR, start: 720 } as const

export interface HistoryQuery {
  resolution: Resolution
  /** Of what began at `from` or later, and before `to`. */
  from: number
  to: number
}

/** Both in order of time. */
export interface HistoryPage {
  points: readonly HistoryPoint[]
  starts: readonly HistoryStart[]
}

/** All the minutes that are kept are 2,880. A query brings at most so many points, the first of its time. */
export const MOST_POINTS = 3_000

export const beginningOf = (at: number, resolution: Resolution): number => at - (at % RESOLUTIONS[resolution].lengthMs)

export const addFigures = (a: HistoryFigures, b: HistoryFigures): HistoryFigures => ({
  sums: merged(a.sums, b.sums, (one, other) => one + other),
  maxima: merged(a.maxima, b.maxima, Math.max),
})

const merged = (
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  both: (one: number, other: number) => number,
): Record<string, number> => {
  const result = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const known = result[name]
    result[name] = known === undefined ? value : both(known, value)
  }
  return result
}
