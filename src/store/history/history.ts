import { DAY, HOUR, MINUTE } from '../../core/duration.ts'
import {
  addCounts,
  HISTORY_COUNTS,
  HISTORY_PEAKS,
  HISTORY_SUMS,
  type HistoryCounts,
  type HistoryEntry,
  type HistoryMinute,
  type HistorySum,
  HOST_SUMS,
  noCounts,
  PARTNER_SUMS,
  type Series,
} from '../../core/history.ts'
import type { VerbModule } from '../context.ts'
import { type Dialect, type Sql, snakeCase, type Tx } from '../tx.ts'

/** Steps of the rows and of the answers. */
export const HISTORY_STEPS = { '5m': 5 * MINUTE, '1h': HOUR } as const
export type HistoryStep = keyof typeof HISTORY_STEPS

/** How far back rows of each step can be asked for. They are erased an hour later. */
export const HISTORY_KEPT_MS = { '5m': DAY, '1h': 8 * DAY } as const
const ERASED_LATER_MS = HOUR

/** Epoch ms; `since` is the beginning of a step, and `until` is not included. */
export interface HistorySpan {
  since: number
  until: number
}

export type HistoryBucket = HistoryCounts & { at: number }
export type HistoryGroup = HistoryCounts & Series
export interface HistoryGroups {
  found: readonly HistoryGroup[]
  /** There are more groups. */
  isCapped: boolean
  /** Of the oldest hour that was read: later than asked for if there are more rows than are read. */
  since: number
  /** Number of rows read. */
  scanned: number
}

/** Maximum number of groups. */
const MAX_GROUPS = 250
/** Maximum number of rows of hours that are read for groups, and for the hosts of a partner. */
const MAX_ROWS = 60_000
const MAX_ROWS_OF_ONE = 10_000
/** About how many old rows are erased when others are written. */
const ERASED_AT_ONCE = 2_000

const columns = (names: readonly string[], write: (column: string) => string): string =>
  names.map(name => write(snakeCase(name))).join(', ')

const PARAMETERS = {
  ...({ accountId: 'text', partnerId: 'text', host: 'text' } as const),
  ...(Object.fromEntries(HISTORY_COUNTS.map(name => [name, 'int8'])) as Record<keyof HistoryCounts, 'int8'>),
}
const COUNTS = columns(HISTORY_COUNTS, column => column)

/** SQLite reads the text of a row again for each column, so it is short. */
const withoutZeros = (entry: HistoryEntry): Partial<HistoryEntry> =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== 0))

/** Adds a minute to the row of its five minutes and to that of its hour. */
const ADD = (d: Dialect) => `
  INSERT INTO history (step_ms, at, account_id, partner_id, host, node, ${COUNTS})
  SELECT steps.ms, CAST(@at AS bigint) - CAST(@at AS bigint) % steps.ms, account_id, partner_id, host, @node,
    ${columns(HISTORY_COUNTS, column => `coalesce(${column}, 0)`)}
  FROM ${d.rows('entries', PARAMETERS)}
    CROSS JOIN (SELECT ${HISTORY_STEPS['5m']} AS ms UNION ALL SELECT ${HOUR}) AS steps
  WHERE true
  ON CONFLICT (step_ms, at, account_id, partner_id, host, node) DO UPDATE SET
    ${columns(HISTORY_SUMS, column => `${column} = history.${column} + excluded.${column}`)},
    ${columns(
      HISTORY_PEAKS,
      column =>
        `${column} = CASE WHEN history.${column} > excluded.${column} THEN history.${column} ELSE excluded.${column} END`,
    )}`

/** Up to the step of the last row that may go: so whole steps go, the oldest first. */
export const ERASE = `
  DELETE FROM history WHERE step_ms = @stepMs AND at <= (
    SELECT max(at) FROM (
      SELECT at FROM history WHERE step_ms = @stepMs AND at < @before ORDER BY at LIMIT ${ERASED_AT_ONCE}) AS old)`

const sumOf = (name: HistorySum): string => `sum(${snakeCase(name)})`
const sumsOf = (names: readonly HistorySum[]): string => names.map(name => `${sumOf(name)} AS "${name}"`).join(', ')
const ALL_COUNTS = `${sumsOf(HISTORY_SUMS)}, ${HISTORY_PEAKS.map(name => `max(${snakeCase(name)}) AS "${name}"`)}`

/** One seek for each time: the primary key begins with it. */
export const OF_SERIES = (d: Dialect) => `
  SELECT at, ${ALL_COUNTS} FROM history
  WHERE step_ms = @stepMs AND at IN ${d.list('times', 'int8')}
    AND account_id = @accountId AND partner_id = @partnerId AND host = @host
  GROUP BY at ORDER BY at`

/** By a list of hours, not by a range: PostgreSQL expects a range to have as many rows of each step. */
const hoursWhere = (d: Dialect, condition: string): string =>
  `history WHERE step_ms = ${HOUR} AND at IN ${d.list('times', 'int8')} AND ${condition}`

/** How many rows each hour has, newest first: no more in all than are read, and one. */
const hoursOf = (condition: string) => (d: Dialect) =>
  `
  SELECT at, count(*) AS n
  FROM (SELECT at FROM ${hoursWhere(d, condition)} ORDER BY at DESC LIMIT @most + 1) AS newest
  GROUP BY at ORDER BY at DESC`

/** Only these sums, as others would be read and added up in vain. */
const grouped = (condition: string, sums: readonly HistorySum[]) => (d: Dialect) => {
  const known = (...names: HistorySum[]) => names.filter(name => sums.includes(name)).map(sumOf)
  return `
  SELECT account_id AS "accountId", partner_id AS "partnerId", host, ${sums === HISTORY_SUMS ? ALL_COUNTS : sumsOf(sums)}
  FROM ${hoursWhere(d, condition)}
  GROUP BY account_id, partner_id, host
  ORDER BY ${known('failedAttempts', 'givenUp', 'failedPolls').join(' + ')} DESC,
    ${known('delivered', 'registrations', 'polls').map(sum => `${sum} DESC`)}, account_id, partner_id, host
  LIMIT ${MAX_GROUPS + 1}`
}

const OF_ACCOUNTS = "account_id > ''"
const HOSTS_OF_PARTNER = "account_id = '' AND partner_id = @partnerId AND host > ''"
/** One seek for each partner, as there may be any number of rows of hosts between them. */
const OF_PARTNERS = "account_id = '' AND partner_id IN (SELECT id FROM partners) AND host = ''"
export const OF_GROUPS = {
  account: { hours: hoursOf(OF_ACCOUNTS), groups: grouped(OF_ACCOUNTS, HISTORY_SUMS) },
  partner: { hours: hoursOf(OF_PARTNERS), groups: grouped(OF_PARTNERS, PARTNER_SUMS) },
  // The rows of both are read.
  host: {
    hours: hoursOf("account_id = ''"),
    groups: grouped("account_id = '' AND partner_id > '' AND host > ''", HOST_SUMS),
  },
} as const satisfies Record<string, Grouped>
export type HistoryGrouping = keyof typeof OF_GROUPS
export const HOSTS_OF = { hours: hoursOf(HOSTS_OF_PARTNER), groups: grouped(HOSTS_OF_PARTNER, HOST_SUMS) }
interface Grouped {
  hours: Sql
  groups: Sql
}

/** Returns the newest hours that have `most` rows together, and the newest in any case. */
export const readable = <Hour extends { n: number }>(hours: readonly Hour[], most: number): Hour[] => {
  let rows = 0
  return hours.filter(({ n }) => {
    rows += n
    return rows <= most || rows === n
  })
}

const timesIn = ({ since, until }: HistorySpan, stepMs: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((until - since) / stepMs)) }, (_, n) => since + n * stepMs)

const groupsOf = async (
  tx: Tx,
  { hours, groups }: Grouped,
  { span, ...values }: { span: HistorySpan; partnerId?: string; most: number },
): Promise<HistoryGroups> => {
  const counted = await tx.all<{ at: number; n: number }>(hours, { ...values, times: timesIn(span, HOUR) })
  const read = readable(counted, values.most)
  const times = read.map(({ at }) => at)
  const found = await tx.all<Partial<HistoryCounts> & Series>(groups, { ...values, times })
  return {
    found: found.slice(0, MAX_GROUPS).map(group => ({ ...noCounts(), ...group })),
    isCapped: found.length > MAX_GROUPS,
    since: times.length < counted.length ? Math.min(...times) : span.since,
    scanned: read.reduce((sum, { n }) => sum + n, 0),
  }
}

/** Returns the sums of all buckets, and their highest peaks. */
export const totalsOf = (buckets: readonly HistoryCounts[]): HistoryCounts => {
  const totals = noCounts()
  for (const bucket of buckets) addCounts(totals, bucket)
  return totals
}

/** What happened, by time: counted by each node, and written once a minute. */
export const historyVerbs = {
  loops: ({ write }) => ({
    /** Adds the counts of a minute of this node to those of its five minutes and hour. Also erases some expired rows. */
    addHistory: (node: string, { at, entries }: HistoryMinute): Promise<void> =>
      write(async tx => {
        await tx.all(ADD, { node, at, entries: entries.map(withoutZeros) })
        for (const step of ['5m', '1h'] as const)
          await tx.all(ERASE, { stepMs: HISTORY_STEPS[step], before: tx.at - HISTORY_KEPT_MS[step] - ERASED_LATER_MS })
      }, 'soon'),
  }),

  lists: ({ read, queued }) => ({
    /**
     * The steps of a series that have any counts, oldest first.
     *
     * @param caller whose reads it waits behind
     */
    historyOf: (caller: string, series: Series, { step, ...span }: HistorySpan & { step: HistoryStep }) =>
      queued(caller, () => {
        const stepMs = HISTORY_STEPS[step]
        const values = { ...series, stepMs, times: timesIn(span, stepMs) }
        return read(tx => tx.all<HistoryBucket>(OF_SERIES, values))
      }),

    /** Hosts of a partner, those with the most failures first, then those with the most webhooks. */
    hostHistoryOf: (partnerId: string, span: HistorySpan): Promise<HistoryGroups> =>
      queued(partnerId, () => read(tx => groupsOf(tx, HOSTS_OF, { span, partnerId, most: MAX_ROWS_OF_ONE }))),
  }),

  searches: ({ read, queued }) => ({
    /** Groups of the hours of a span, in the order of `hostHistoryOf`. */
    historyGroups: (by: HistoryGrouping, span: HistorySpan): Promise<HistoryGroups> =>
      queued('historyGroups', () => read(tx => groupsOf(tx, OF_GROUPS[by], { span, most: MAX_ROWS }))),
  }),
} satisfies VerbModule
