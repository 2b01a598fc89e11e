import { MINUTE, SECOND } from './duration.ts'
import { boundOf, quantileOf } from './histogram.ts'

/** Bounds in ms of the time from the storing of a verdict to the receiver's 2xx. */
const ARRIVAL_BOUNDS = [
  50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
] as const
/** Bounds in ms of the answer time of GetResult. */
const ANSWER_BOUNDS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const
/** The bound of the share of webhooks that arrive soon. */
const SOON_MS = 5 * SECOND

const ARRIVALS = [...ARRIVAL_BOUNDS, 'Over' as const].map(bound => `arrived${bound}` as const)
const SOON = ARRIVALS.filter((_, i) => (ARRIVAL_BOUNDS[i] ?? Number.POSITIVE_INFINITY) <= SOON_MS)
const ANSWERS = [...ANSWER_BOUNDS, 'Over' as const].map(bound => `answered${bound}` as const)

const WEBHOOK_SUMS = ['delivered', 'failedAttempts', 'givenUp'] as const
const POLL_SUMS = ['polls', 'failedPolls'] as const
/** Counts that add up over time, nodes and series. The arrivals and the answers are histograms. */
export const HISTORY_SUMS = [
  'registrations',
  'succeeded',
  'failed',
  'unresolved',
  'cancelled',
  ...WEBHOOK_SUMS,
  ...POLL_SUMS,
  ...ARRIVALS,
  ...ANSWERS,
] as const
/** Samples of what was due, on all nodes the same: of several, the highest counts. */
export const HISTORY_PEAKS = ['duePolls', 'dueWebhooks'] as const
export const HISTORY_COUNTS = [...HISTORY_SUMS, ...HISTORY_PEAKS] as const

export type HistorySum = (typeof HISTORY_SUMS)[number]
/** What is counted of a host, and of a partner; all else is 0. */
export const HOST_SUMS: readonly HistorySum[] = [...WEBHOOK_SUMS, ...ARRIVALS]
export const PARTNER_SUMS = HISTORY_SUMS.filter(name => ![...POLL_SUMS, ...ANSWERS].some(other => other === name))
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
  return {
    registrations,
    verdicts: { succeeded, failed, unresolved, cancelled },
    webhooks: {
      delivered,
      failedAttempts,
      givenUp,
      within5s: SOON.reduce((sum, name) => sum + counts[name], 0),
      ...quantiles(counts, ARRIVALS, ARRIVAL_BOUNDS),
    },
    polls: { count: counts.polls, failed: counts.failedPolls, ...quantiles(counts, ANSWERS, ANSWER_BOUNDS) },
    due: { polls: counts.duePolls, webhooks: counts.dueWebhooks },
  }
}

export type HistoryFigures = ReturnType<typeof historyFigures>

/**
 * Maximum number of accounts and partners that are counted apart in a minute, of hosts of one, and of hosts of all. What
 * is beyond counts for the partner, or for all, only.
 */
export const MAX_OWNERS = 500
export const MAX_HOSTS_OF_ONE = 50
const MAX_HOSTS = 500
/** Minutes that are kept while they cannot be written; then the oldest is dropped. */
const MAX_MINUTES = 15

const newEntry = (series: Series): HistoryEntry => ({ ...series, ...noCounts() })

interface Minute {
  all: HistoryEntry
  /** By id of the account or the partner. */
  owners: Map<string, { entry: HistoryEntry; hosts: Map<string, HistoryEntry> }>
  /** Number of hosts of all owners. */
  hostCount: number
}

/** Counts by minute and series, in bounded memory, until they are taken. */
export const createHistoryCounts = () => {
  const minutes = new Map<number, Minute>()

  const minuteOf = (now: number): Minute => {
    const at = now - (now % MINUTE)
    const known = minutes.get(at)
    if (known) return known
    if (minutes.size >= MAX_MINUTES) minutes.delete(Math.min(...minutes.keys()))
    const minute = { all: newEntry(ALL_SERIES), owners: new Map(), hostCount: 0 }
    minutes.set(at, minute)
    return minute
  }

  /** Returns the entries of an owner and its host, as far as there is room for them. */
  const entriesOf = (minute: Minute, { accountId, partnerId, host }: Series) => {
    const { owners } = minute
    const id = partnerId || accountId
    const known = owners.get(id)
    if (!known && owners.size >= MAX_OWNERS) return { owner: null, ofHost: null }
    const { entry: owner, hosts } = known ?? { entry: newEntry({ accountId, partnerId, host: '' }), hosts: new Map() }
    if (!known) owners.set(id, { entry: owner, hosts })
    const hasRoom = hosts.size < MAX_HOSTS_OF_ONE && minute.hostCount < MAX_HOSTS
    if (host !== '' && !hosts.has(host) && hasRoom) {
      hosts.set(host, newEntry({ accountId, partnerId, host }))
      minute.hostCount++
    }
    return { owner, ofHost: hosts.get(host) ?? null }
  }

  return {
    /** Counts each of `names` once for all, and for an account, or a partner and its host. */
    count: (now: number, series: Series, ...names: readonly HistorySum[]): void => {
      const minute = minuteOf(now)
      const { owner, ofHost } = entriesOf(minute, series)
      for (const name of names) {
        minute.all[name]++
        if (owner) owner[name]++
        if (ofHost) ofHost[name]++
      }
    },

    /** Adds counts of a series to a minute: samples of what is due, or counts that could not be written. */
    add: (at: number, series: Series, counts: Partial<HistoryCounts>): void => {
      const minute = minuteOf(at)
      const isAll = series.accountId === '' && series.partnerId === ''
      const { owner, ofHost } = isAll ? { owner: minute.all, ofHost: null } : entriesOf(minute, series)
      const entry = series.host === '' ? owner : ofHost
      if (entry) addCounts(entry, { ...noCounts(), ...counts })
    },

    /** Removes and returns the oldest minute, without the one of `now`; null: there is none. */
    take: (now: number | null): HistoryMinute | null => {
      const ended = [...minutes.keys()].filter(at => now === null || at !== now - (now % MINUTE))
      const at = Math.min(...ended)
      const minute = minutes.get(at)
      if (minute === undefined) return null
      minutes.delete(at)
      const owners = [...minute.owners.values()]
      return { at, entries: [minute.all, ...owners.flatMap(({ entry, hosts }) => [entry, ...hosts.values()])] }
    },
  }
}
