import { ACCOUNT_FAULTS } from '../core/answer.ts'
import { SECOND } from '../core/duration.ts'
import type { Histogram } from '../core/histogram.ts'
import { NODE_TRAITS } from '../core/node.ts'
import type { JudgedNode } from '../store/rules/nodes.ts'
import type { EngineStats, Stats } from '../store/store.ts'
import type { Readings } from '../telemetry/metrics/readings.ts'
import type { Figures } from './figures.ts'

/** What this process knows of itself. */
export interface NodeFacts {
  version: string
  /** Names the settings that nodes have in common. */
  settings: string
  /** Those that work on the database, this one too once it has shown itself. */
  nodes: readonly JudgedNode[]
  /** Of all accounts together. */
  polls: { inUse: number; limitOfAccount: number }
  deliveries: { inUse: number; limit: number }
  /** By APIID. */
  callsInLastMinute: (account: string) => number
  /** By the id of the account; null: nobody knows. */
  clockSkewMs: (accountId: string) => number | null
}

const NO_LABELS = {}
const REASONS = [...ACCOUNT_FAULTS, 'operator'] as const
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

const ofQueues = ({ at, polls, deliveries }: Stats) =>
  ({
    queueDepth: [
      { labels: { queue: 'poll', state: 'due' }, value: polls.due },
      { labels: { queue: 'poll', state: 'scheduled' }, value: polls.scheduled },
      { labels: { queue: 'poll', state: 'leased' }, value: polls.leased },
      { labels: { queue: 'poll', state: 'held' }, value: 0 },
      { labels: { queue: 'deliver', state: 'due' }, value: deliveries.due },
      { labels: { queue: 'deliver', state: 'scheduled' }, value: deliveries.scheduled },
      { labels: { queue: 'deliver', state: 'leased' }, value: deliveries.leased },
      { labels: { queue: 'deliver', state: 'held' }, value: deliveries.held },
    ],
    queueOldestDue: [
      { labels: { queue: 'poll' }, value: ageOf(polls.oldestDueAt, at) },
      { labels: { queue: 'deliver' }, value: ageOf(deliveries.oldestDueAt, at) },
    ],
  }) as const satisfies Readings

const ofAccounts = ({ accounts }: Stats, { callsInLastMinute, clockSkewMs }: NodeFacts) =>
  ({
    budgetUsed: accounts.map(({ apiId, rate }) => ({
      labels: { account: apiId },
      value: callsInLastMinute(apiId) / (rate * MINUTE_SECONDS),
    })),
    upstreamUp: accounts.map(({ apiId, unreachableAt }) => ({
      labels: { account: apiId },
      value: truth(unreachableAt === null),
    })),
    accountPaused: accounts.flatMap(({ apiId, pauseReason }) =>
      REASONS.map(reason => ({ labels: { account: apiId, reason }, value: truth(pauseReason === reason) })),
    ),
    clockSkew: accounts.flatMap(({ id, apiId }) => {
      const skewMs = clockSkewMs(id)
      return skewMs === null ? [] : [{ labels: { account: apiId }, value: skewMs / SECOND }]
    }),
  }) as const satisfies Readings

const ofEngine = ({ commits, batches, errors, ...sizes }: EngineStats) =>
  ({
    commitDuration: one(inSeconds(commits)),
    commitBatchSize: one(batches),
    walBytes: one(sizes.walBytes),
    walPinned: one(sizes.walPinnedMs / SECOND),
    databaseBytes: one(sizes.databaseBytes),
    diskFree: sizes.diskFreeBytes === null ? [] : one(sizes.diskFreeBytes),
    storeErrors: [
      ...(['busy', 'full', 'io', 'corrupt', 'other'] as const).map(code => ({ labels: { code }, value: errors[code] })),
      // What only another engine counts.
      ...(['connection', 'serialization', 'timeout'] as const).map(code => ({ labels: { code }, value: 0 })),
    ],
  }) as const satisfies Readings

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

/**
 * @param figures null: the database has not told any yet
 * @param monotonic now, by the clock of `readAt`
 */
export const readingsOf = (
  figures: Figures | null,
  node: NodeFacts,
  { monotonic, startedAt }: { monotonic: number; startedAt: number },
): Readings => ({
  ...ofNode(node, figures?.stats.accounts.length ?? 1),
  ...ofNodes(node.nodes),
  statsAge: one((monotonic - (figures?.readAt ?? startedAt)) / SECOND),
  ...(figures && {
    ...ofQueues(figures.stats),
    ...ofAccounts(figures.stats, node),
    nodeInfo: [{ labels: { version: node.version, settings: node.settings, key: figures.engine.masterKey }, value: 1 }],
    backupLastSuccess: one((figures.backup.good?.at ?? 0) / SECOND),
    callbacksFailing: one(figures.stats.callbacks.failing),
    callbacksDisabled: one(figures.stats.callbacks.disabled),
    bulkRemaining: [
      { labels: { kind: 'resend' }, value: figures.stats.bulk.resends.remaining },
      { labels: { kind: 'act' }, value: figures.stats.bulk.acts.remaining },
    ],
    ...ofEngine(figures.engine),
  }),
})
