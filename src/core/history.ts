import { MINUTE, SECOND } from './duration.ts'
import { boundOf, quantileOf } from './histogram.ts'

/** Bounds in ms of the time from the storing of a verdict to the receiver's 2xx. */
const ARRIVAL_BOUNDS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000] as const
/** Bounds in ms of the answer time of GetResult. */
const ANSWER_BOUNDS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const
/** The bound of the share of webhooks that arrive soon. */
const SOON_MS = 5 * SECOND

const ARRIVALS = [...ARRIVAL_BOUNDS, 'Over' as const].map(bound => `arrived${bound}` as const)
const ANSWERS = [...ANSWER_BOUNDS, 'Over' as const].map(bound => `answered${bound}` as const)

/** Counts that add up over time, nodes and series. The arrivals and the answers are histograms. */
export const HISTORY_SUMS = [
  'registrations',
  'succeeded',
  'failed',
  'unresolved',
  'cancelled',
  'delivered',
  'failedAttempts',
  'givenUp',
  'polls',
  'failedPolls',
  ...ARRIVALS,
  ...ANSWERS,
] as const
/** Samples of what was due, on all nodes the same: of several, the highest counts. */
export const HISTORY_PEAKS = ['duePolls', 'dueWebhooks'] as const
export const HISTORY_COUNTS = [...HISTORY_SUMS, ...HISTORY_PEAKS] as const

export type HistorySum = (typeof HISTORY_SUMS)[number]
export type HistoryCounts = Record<(typeof HISTORY_COUNTS)[number], number>

/** What is counted together: all (each text is empty), an account, a partner, or a host of a partner. */
export interface Series {
  accountId: string
  partnerId: string
  host: string
}
export const ALL_SERIES: Series = { accountId: '', partnerId: '', host: '' }

export type HistoryEntry = Series & HistoryCounts
export interface HistoryMinute {
  /** Its beginning, epoch ms. */
  at: number
  entries: readonly HistoryEntry[]
}

export const noCounts = (): HistoryCounts => Object.fromEntries(HISTORY_COUNTS.map(name => [name, 0])) as HistoryCounts

/** Adds `more` to the sums of `counts`, and keeps the higher peaks. */
export const addCounts = (counts: HistoryCounts, more: Readonly<HistoryCounts>): void => {
  for (const name of HISTORY_SUMS) counts[name] += more[name]
  for (const name of HISTORY_PEAKS) counts[name] = Math.max(counts[name], more[name])
}

export const arrivalIn = (ms: number): HistorySum => `arrived${boundOf(ARRIVAL_BOUNDS, ms)}`
export const answerIn = (ms: number): HistorySum => `answered${boundOf(ANSWER_BOUNDS, ms)}`

const quantiles = (counts: Readonly<HistoryCounts>, names: readonly HistorySum[], bounds: readonly number[]) => {
  const histogram = { bounds, counts: names.map(name => counts[name]) }
  const rounded = (q: number) => {
    const ms = quantileOf(q, histogram)
    return ms === null ? null : Math.round(ms)
  }
  return { p50Ms: rounded(0.5), p95Ms: rounded(0.95) }
}

/** Returns the counts as the API shows them. */
export const historyFigures = (counts: Readonly<HistoryCounts>) => {
  const { registrations, succeeded, failed, unresolved, cancelled, delivered, failedAttempts, givenUp } = counts
  const soon = ARRIVALS.filter((_, i) => (ARRIVAL_BOUNDS[i] ?? Number.POSITIVE_INFINITY) <= SOON_MS)
  return {
    registrations,
    verdicts: { succeeded, failed, unresolved, cancelled },
    webhooks: {
      delivered,
      failedAttempts,
      givenUp,
      within5s: soon.reduce((sum, name) => sum + counts[name], 0),
      ...quantiles(counts, ARRIVALS, ARRIVAL_BOUNDS),
    },
    polls: { count: counts.polls, failed: counts.failedPolls, ...quantiles(counts, ANSWERS, ANSWER_BOUNDS) },
    due: { polls: counts.duePolls, webhooks: counts.dueWebhooks },
  }
}

/** Maximum number of series counted apart in a minute. What is beyond counts in the series of all only. */
export const MAX_SERIES = 500
/** Minutes that are kept while they cannot be written; then the oldest is dropped. */
const MAX_MINUTES = 15

const keyOf = ({ accountId, partnerId, host }: Series): string => `${accountId} ${partnerId} ${host}`
const ALL_KEY = keyOf(ALL_SERIES)

/** Counts by minute and series, in bounded memory, until they are taken. */
export const createHistoryCounts = () => {
  const minutes = new Map<number, Map<string, HistoryEntry>>()

  const minuteOf = (at: number): Map<string, HistoryEntry> => {
    const known = minutes.get(at)
    if (known) return known
    if (minutes.size >= MAX_MINUTES) minutes.delete(Math.min(...minutes.keys()))
    const minute = new Map<string, HistoryEntry>()
    minutes.set(at, minute)
    return minute
  }

  const entryOf = (minute: Map<string, HistoryEntry>, series: Series): HistoryEntry | null => {
    const key = keyOf(series)
    const known = minute.get(key)
    if (known) return known
    if (minute.size > MAX_SERIES && key !== ALL_KEY) return null
    const { accountId, partnerId, host } = series
    const entry = { accountId, partnerId, host, ...noCounts() }
    minute.set(key, entry)
    return entry
  }

  return {
    /** Counts each of `names` once for all, and for an account, or a partner and its host. */
    count: (now: number, of: Partial<Series>, ...names: readonly HistorySum[]): void => {
      const minute = minuteOf(now - (now % MINUTE))
      const { accountId = '', partnerId = '', host = '' } = of
      const series = [ALL_SERIES, { accountId, partnerId, host: '' }]
      if (host !== '') series.push({ accountId, partnerId, host })
      for (const one of series) {
        const entry = entryOf(minute, one)
        if (entry) for (const name of names) entry[name]++
      }
    },

    /** Adds counts of a series to a minute: samples of what is due, or counts that could not be written. */
    add: (at: number, series: Series, counts: Partial<HistoryCounts>): void => {
      const entry = entryOf(minuteOf(at - (at % MINUTE)), series)
      if (entry) addCounts(entry, { ...noCounts(), ...counts })
    },

    /** Whether there is a minute other than the one of `now`. */
    hasEnded: (now: number): boolean => minutes.size > 1 || (minutes.size === 1 && !minutes.has(now - (now % MINUTE))),

    /** Removes and returns the oldest minute, without the one of `now`; null: there is none. */
    take: (now: number | null): HistoryMinute | null => {
      const ended = [...minutes.keys()].filter(at => now === null || at !== now - (now % MINUTE))
      if (ended.length === 0) return null
      const at = Math.min(...ended)
      const entries = [...(minutes.get(at)?.values() ?? [])]
      minutes.delete(at)
      return { at, entries }
    },
  }
}
