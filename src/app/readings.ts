import { PAUSE_REASONS } from '../core/account.ts'
import { SECOND } from '../core/duration.ts'
import type { Histogram } from '../core/histogram.ts'
import { NODE_TRAITS } from '../core/node.ts'
import { judgeNodes } from '../store/operators/nodes.ts'
import {
  type AccountStats,
  BUSY_TABLES,
  type EngineCounts,
  POOLS,
  STORE_ERRORS,
  type Stats,
} from '../store/stats/stats.ts'
import { type Declaration, readFrom } from '../telemetry/metrics/declaration.ts'
import { EVENT_METRICS } from '../telemetry/metrics/event-metrics.ts'

/** Input of the metrics that are read at each scrape, from the database and from this process. */
export interface MetricFacts {
  /** Null until first read. */
  stats: Stats | null
  /** Age of `stats` in ms, or of this process while there are none. */
  statsAgeMs: number
  /** Counted by this process, also while the database is away. */
  counts: EngineCounts | null
  version: string
  /** Fingerprint of the settings that nodes have in common. */
  settings: string
  inUse: Readonly<Record<Queue, number>>
  /** For polls: per account. */
  limits: Readonly<Record<Queue, number>>
  /** Takes the id of the account. */
  callsInLastMinute: (account: string) => number
  /** Null if unknown. */
  clockSkewMs: number | null
}

const QUEUES = ['poll', 'deliver'] as const
type Queue = (typeof QUEUES)[number]

const QUEUE_STATES = ['due', 'scheduled', 'leased', 'held'] as const

const ACCOUNT = { from: 'accounts' } as const
const MINUTE_SECONDS = 60

const gauge = readFrom<MetricFacts>('gauge')
const counter = readFrom<MetricFacts>('counter')
const histogram = readFrom<MetricFacts>('histogram')

const truth = (is: boolean): number => (is ? 1 : 0)
/** A value without labels; none if unknown. */
const sample = (value: number | Histogram | null | undefined) =>
  value === null || value === undefined ? [] : [{ value }]
const seconds = (ms: number | undefined) => sample(ms === undefined ? ms : ms / SECOND)
const ageOf = (at: number | null, now: number): number => (at === null ? 0 : Math.max(0, now - at) / SECOND)

const sqlite = ({ stats }: MetricFacts) => (stats?.engine.kind === 'sqlite' ? stats.engine : undefined)
const postgres = ({ stats }: MetricFacts) => (stats?.engine.kind === 'postgres' ? stats.engine : undefined)
const sqliteCounts = ({ counts }: MetricFacts) => (counts?.kind === 'sqlite' ? counts : undefined)
const postgresCounts = ({ counts }: MetricFacts) => (counts?.kind === 'postgres' ? counts : undefined)
const nodesOf = ({ stats }: MetricFacts) => judgeNodes(stats?.nodes ?? [])

const accountsOf = (stats: Stats | null, read: (account: AccountStats) => number) =>
  (stats?.accounts ?? []).map(account => ({ account: account.id, value: read(account) }))

const inSeconds = ({ bounds, counts, sum }: Histogram): Histogram => ({
  bounds: bounds.map(bound => bound / SECOND),
  counts,
  sum: sum / SECOND,
})

/** Read at each scrape: from the database, for all nodes together, and from this process. */
export const READ_METRICS = [
  gauge(
    'idface_queue_depth',
    'Rows that wait in a queue. Counted up to 10,000: in `poll` the due ones of an account, in `deliver` the due and the leased ones.',
    {
      labels: { queue: QUEUES, state: QUEUE_STATES },
      read: ({ stats }) =>
        stats === null
          ? []
          : QUEUE_STATES.flatMap(state => [
              { queue: 'poll', state, value: { ...stats.polls, held: 0 }[state] },
              { queue: 'deliver', state, value: stats.deliveries[state] },
            ]),
    },
  ),
  gauge('idface_queue_oldest_due_seconds', 'Time since the oldest row became due; 0: nothing is due.', {
    labels: { queue: QUEUES },
    read: ({ stats }) =>
      stats === null
        ? []
        : [
            { queue: 'poll', value: ageOf(stats.polls.oldestDueAt, stats.at) },
            { queue: 'deliver', value: ageOf(stats.deliveries.oldestDueAt, stats.at) },
          ],
  }),
  gauge('idface_slots_in_use', 'Calls of GetResult, and attempts, in flight in this process.', {
    labels: { kind: QUEUES },
    read: ({ inUse }) => QUEUES.map(kind => ({ kind, value: inUse[kind] })),
  }),
  gauge('idface_slots_limit', 'Maximum number of them in flight.', {
    labels: { kind: QUEUES },
    read: ({ limits, stats }) => [
      { kind: 'poll', value: limits.poll * (stats?.accounts.length ?? 1) },
      { kind: 'deliver', value: limits.deliver },
    ],
  }),
  gauge(
    'idface_upstream_budget_used_ratio',
    'Share of the rate of an account that this process has used in the last minute.',
    {
      labels: { account: ACCOUNT },
      read: ({ stats, callsInLastMinute }) =>
        accountsOf(stats, ({ id, rate }) => callsInLastMinute(id) / (rate * MINUTE_SECONDS)),
    },
  ),
  gauge('idface_upstream_up', 'Whether GetResult can be reached: 1 or 0.', {
    labels: { account: ACCOUNT },
    read: ({ stats }) => accountsOf(stats, ({ unreachableAt }) => truth(unreachableAt === null)),
  }),
  gauge('idface_account_paused', 'Whether an account is paused for this reason: 1 or 0.', {
    labels: { account: ACCOUNT, reason: PAUSE_REASONS },
    read: ({ stats }) =>
      PAUSE_REASONS.flatMap(reason =>
        accountsOf(stats, ({ pauseReason }) => truth(pauseReason === reason)).map(one => ({ ...one, reason })),
      ),
  }),
  gauge(
    'idface_upstream_clock_skew_seconds',
    "Lead of GetResult's clock over this node's, by the Date of its last answer, to within a second.",
    {
      labels: { account: ACCOUNT },
      read: ({ stats, clockSkewMs }) => (clockSkewMs === null ? [] : accountsOf(stats, () => clockSkewMs / SECOND)),
    },
  ),
  gauge(
    'idface_callbacks_failing',
    'Callback URLs where every attempt of an hour at least has failed, ten at least, and that are still tried.',
    { read: ({ stats }) => sample(stats?.callbacks.failing) },
  ),
  gauge(
    'idface_callbacks_disabled',
    'Callback URLs that are disabled, after five days in which every attempt failed or by an operator; their webhooks are held.',
    { read: ({ stats }) => sample(stats?.callbacks.disabled) },
  ),
  gauge(
    'idface_bulk_remaining',
    'Messages left to bulk resends of partners (`resend`), and about how many registrations are left to bulk acts of operators (`act`).',
    {
      labels: { kind: ['resend', 'act'] },
      read: ({ stats }) =>
        stats === null
          ? []
          : [
              { kind: 'resend', value: stats.bulk.resends.remaining },
              { kind: 'act', value: stats.bulk.acts.remaining },
            ],
    },
  ),
  gauge('idface_stats_age_seconds', 'Age of the figures of the database; more than some seconds: it does not answer.', {
    read: ({ statsAgeMs }) => seconds(statsAgeMs),
  }),
  histogram('idface_commit_duration_seconds', 'Duration of commits, with the wait for the disk.', {
    read: ({ counts }) => sample(counts && inSeconds(counts.commits)),
  }),
  histogram('idface_commit_batch_size', 'Number of writes in a commit of SQLite.', {
    read: facts => sample(sqliteCounts(facts)?.batches),
  }),
  gauge('idface_wal_bytes', "Size of SQLite's log.", { read: facts => sample(sqlite(facts)?.walBytes) }),
  gauge('idface_wal_pinned_seconds', "Time for which a reader has kept SQLite's log from starting over.", {
    read: facts => seconds(sqliteCounts(facts)?.walPinnedMs),
  }),
  gauge('idface_database_bytes', 'Size of the database.', { read: ({ stats }) => sample(stats?.engine.databaseBytes) }),
  gauge('idface_disk_free_bytes', 'Free space on the disk of an SQLite file.', {
    read: facts => sample(sqlite(facts)?.diskFreeBytes),
  }),
  gauge('idface_pg_pool', 'Connections of this node to PostgreSQL; `waiting`: calls that wait for a connection.', {
    labels: { pool: POOLS, state: ['in_use', 'idle', 'waiting'] },
    read: facts => {
      const pools = postgresCounts(facts)?.pools
      if (!pools) return []
      return POOLS.flatMap(pool => [
        { pool, state: 'in_use', value: pools[pool].inUse },
        { pool, state: 'idle', value: pools[pool].idle },
        { pool, state: 'waiting', value: pools[pool].waiting },
      ])
    },
  }),
  gauge('idface_pg_dead_rows', 'About how many dead rows of a table of PostgreSQL are not removed yet.', {
    labels: { table: BUSY_TABLES },
    read: facts => {
      const deadRows = postgres(facts)?.deadRows
      return deadRows ? BUSY_TABLES.map(table => ({ table, value: deadRows[table] })) : []
    },
  }),
  gauge(
    'idface_pg_oldest_xmin_seconds',
    'Time for which the oldest transaction in PostgreSQL, of any session, has kept dead rows from removal; 0: none does.',
    { read: facts => seconds(postgres(facts)?.oldestSnapshotMs) },
  ),
  gauge(
    'idface_pg_listen_up',
    'Whether this node gets the hints of other nodes at once: 1 or 0; otherwise it checks each second.',
    {
      read: facts => {
        const counts = postgresCounts(facts)
        return sample(counts && truth(counts.isListening))
      },
    },
  ),
  counter(
    'idface_pg_hints_unreadable_total',
    "Hints of other nodes by PostgreSQL's channel that could not be read: from a later version, or another program. They are ignored; this node checks each second.",
    { read: facts => sample(postgresCounts(facts)?.unreadableHints) },
  ),
  gauge('idface_pg_clock_skew_seconds', "Lead of PostgreSQL's clock, which decides what is due, over this node's.", {
    read: facts => seconds(postgresCounts(facts)?.clockAheadMs),
  }),
  counter('idface_store_errors_total', 'Calls of the database that failed, by cause.', {
    labels: { code: STORE_ERRORS },
    read: ({ counts }) => (counts === null ? [] : STORE_ERRORS.map(code => ({ code, value: counts.errors[code] }))),
  }),
  gauge('idface_nodes_alive', 'Number of nodes that work on the database.', {
    // This node is alive, even if its beats have failed.
    read: facts => sample(Math.max(1, nodesOf(facts).filter(({ isLost }) => !isLost).length)),
  }),
  gauge('idface_nodes_lost', 'Number of lost nodes: silent for 30 s, not stopped, and not replaced by another node.', {
    read: facts => sample(nodesOf(facts).filter(({ isLost }) => isLost).length),
  }),
  gauge(
    'idface_nodes_differing',
    'Number of nodes that differ from the one that was started last, by trait; normal during an upgrade.',
    {
      labels: { trait: NODE_TRAITS },
      read: facts =>
        NODE_TRAITS.map(trait => ({
          trait,
          value: nodesOf(facts).filter(({ differsIn }) => differsIn.includes(trait)).length,
        })),
    },
  ),
  gauge(
    'idface_node_info',
    'Version, settings and master key of this node; always 1. Nodes of one database should have the same.',
    {
      labels: { version: { from: 'version' }, settings: { from: 'settings' }, key: { from: 'key' } },
      read: ({ stats, version, settings }) =>
        stats === null ? [] : [{ version, settings, key: stats.engine.masterKey, value: 1 }],
    },
  ),
  gauge(
    'idface_backup_last_success_timestamp_seconds',
    'Time of the newest good backup of an SQLite file; 0: there is none.',
    // A server is backed up by its own tools, which report nothing to the service.
    { read: facts => seconds(sqlite(facts) && (facts.stats?.backup.good?.at ?? 0)) },
  ),
]

export const METRICS: readonly Declaration[] = [...EVENT_METRICS, ...READ_METRICS]
