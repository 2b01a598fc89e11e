import { PAUSE_REASONS } from '../core/account.ts'
import { SECOND } from '../core/duration.ts'
import type { Histogram } from '../core/histogram.ts'
import { NODE_TRAITS } from '../core/node.ts'
import { type JudgedNode, judgeNodes } from '../store/operators/nodes.ts'
import {
  BUSY_TABLES,
  type EngineCounts,
  type EngineStats,
  POOLS,
  type PostgresCounts,
  type PostgresStats,
  type SqliteCounts,
  type SqliteStats,
  STORE_ERRORS,
  type Stats,
} from '../store/stats/stats.ts'
import type { Readings } from '../telemetry/metrics/metrics.ts'
import type { Known } from './node-metrics.ts'

/** What this process knows of itself. */
export interface NodeFacts {
  version: string
  /** Names the settings that nodes have in common. */
  settings: string
  /** Of all accounts together. */
  polls: { inUse: number; limitOfAccount: number }
  deliveries: { inUse: number; limit: number }
  /** By the id of the account. */
  callsInLastMinute: (account: string) => number
  /** Null: nobody knows. */
  clockSkewMs: number | null
}

const NO_LABELS = {}
const MINUTE_SECONDS = 60

const one = <Value>(value: Value) => [{ labels: NO_LABELS, value }]
const truth = (is: boolean): number => (is ? 1 : 0)

/** @param now by the store's clock */
const ageOf = (at: number | null, now: number): number => (at === null ? 0 : Math.max(0, now - at) / SECOND)

const inSeconds = ({ bounds, counts, sum }: Histogram): Histogram => ({
  bounds: bounds.map(bound => bound / SECOND),
  counts,
  sum: sum / SECOND,
})

const QUEUE_STATES = ['due', 'scheduled', 'leased', 'held'] as const

const ofQueues = ({ at, polls, deliveries }: Stats) =>
  ({
    queueDepth: [
      ...QUEUE_STATES.map(state => ({
        labels: { queue: 'poll' as const, state },
        value: { ...polls, held: 0 }[state],
      })),
      ...QUEUE_STATES.map(state => ({ labels: { queue: 'deliver' as const, state }, value: deliveries[state] })),
    ],
    queueOldestDue: [
      { labels: { queue: 'poll' }, value: ageOf(polls.oldestDueAt, at) },
      { labels: { queue: 'deliver' }, value: ageOf(deliveries.oldestDueAt, at) },
    ],
  }) as const satisfies Readings

const ofAccounts = ({ accounts }: Stats, { callsInLastMinute, clockSkewMs }: NodeFacts) =>
  ({
    budgetUsed: accounts.map(({ id, rate }) => ({
      labels: { account: id },
      value: callsInLastMinute(id) / (rate * MINUTE_SECONDS),
    })),
    upstreamUp: accounts.map(({ id, unreachableAt }) => ({
      labels: { account: id },
      value: truth(unreachableAt === null),
    })),
    accountPaused: accounts.flatMap(({ id, pauseReason }) =>
      PAUSE_REASONS.map(reason => ({ labels: { account: id, reason }, value: truth(pauseReason === reason) })),
    ),
    clockSkew:
      clockSkewMs === null ? [] : accounts.map(({ id }) => ({ labels: { account: id }, value: clockSkewMs / SECOND })),
  }) as const satisfies Readings

const ofCounts = (counts: EngineCounts): Readings => ({
  commitDuration: one(inSeconds(counts.commits)),
  storeErrors: STORE_ERRORS.map(code => ({ labels: { code }, value: counts.errors[code] })),
  ...(counts.kind === 'sqlite' ? ofLog(counts) : ofConnections(counts)),
})

const ofLog = ({ batches, walPinnedMs }: SqliteCounts): Readings => ({
  commitBatchSize: one(batches),
  walPinned: one(walPinnedMs / SECOND),
})

const ofConnections = ({ pools, isListening, clockAheadMs }: PostgresCounts): Readings => ({
  pgPool: POOLS.flatMap(pool => [
    { labels: { pool, state: 'in_use' }, value: pools[pool].inUse },
    { labels: { pool, state: 'idle' }, value: pools[pool].idle },
    { labels: { pool, state: 'waiting' }, value: pools[pool].waiting },
  ]),
  pgListenUp: one(truth(isListening)),
  pgClockSkew: one(clockAheadMs / SECOND),
})

const ofEngine = (engine: EngineStats): Readings => ({
  databaseBytes: one(engine.databaseBytes),
  ...(engine.kind === 'sqlite' ? ofSqlite(engine) : ofPostgres(engine)),
})

const ofSqlite = ({ walBytes, diskFreeBytes }: SqliteStats): Readings => ({
  walBytes: one(walBytes),
  diskFree: diskFreeBytes === null ? [] : one(diskFreeBytes),
})

const ofPostgres = ({ deadRows, oldestSnapshotMs }: PostgresStats): Readings => ({
  pgDeadRows: BUSY_TABLES.map(table => ({ labels: { table }, value: deadRows[table] })),
  pgOldestXmin: one(oldestSnapshotMs / SECOND),
})

const ofNodes = (nodes: readonly JudgedNode[]) =>
  ({
    // Whoever tells is there, whether it could show itself or not.
    nodesAlive: one(Math.max(1, nodes.filter(({ isLost }) => !isLost).length)),
    nodesLost: one(nodes.filter(({ isLost }) => isLost).length),
    nodesDiffering: NODE_TRAITS.map(trait => ({
      labels: { trait },
      value: nodes.filter(({ differsIn }) => differsIn.includes(trait)).length,
    })),
  }) as const satisfies Readings

const ofNode = ({ polls, deliveries }: NodeFacts, accounts: number) =>
  ({
    slotsInUse: [
      { labels: { kind: 'poll' }, value: polls.inUse },
      { labels: { kind: 'deliver' }, value: deliveries.inUse },
    ],
    slotsLimit: [
      { labels: { kind: 'poll' }, value: polls.limitOfAccount * accounts },
      { labels: { kind: 'deliver' }, value: deliveries.limit },
    ],
  }) as const satisfies Readings

/** @param monotonic now, by the clock of `readAt` */
export const readingsOf = (
  { database: figures, counts }: Known,
  node: NodeFacts,
  { monotonic, startedAt }: { monotonic: number; startedAt: number },
): Readings => ({
  ...ofNode(node, figures?.stats.accounts.length ?? 1),
  ...ofNodes(judgeNodes(figures?.stats.nodes ?? [])),
  ...(counts && ofCounts(counts)),
  statsAge: one((monotonic - (figures?.readAt ?? startedAt)) / SECOND),
  ...(figures && {
    ...ofQueues(figures.stats),
    ...ofAccounts(figures.stats, node),
    nodeInfo: [
      { labels: { version: node.version, settings: node.settings, key: figures.stats.engine.masterKey }, value: 1 },
    ],
    // A server is backed up by its own tools, which tell us nothing.
    backupLastSuccess: figures.stats.engine.kind === 'sqlite' ? one((figures.stats.backup.good?.at ?? 0) / SECOND) : [],
    callbacksFailing: one(figures.stats.callbacks.failing),
    callbacksDisabled: one(figures.stats.callbacks.disabled),
    bulkRemaining: [
      { labels: { kind: 'resend' }, value: figures.stats.bulk.resends.remaining },
      { labels: { kind: 'act' }, value: figures.stats.bulk.acts.remaining },
    ],
    ...ofEngine(figures.stats.engine),
  }),
})
