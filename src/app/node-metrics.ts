import type { UpstreamConfig } from '../config/read-config.ts'
import { settingsIdOf } from '../config/settings-id.ts'
import { type Clock, within } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { onceIn } from '../core/once-in.ts'
import { documentedStatuses } from '../http/openapi/document.ts'
import type { EngineCounts, Stats } from '../store/stats/stats.ts'
import type { Store } from '../store/store.ts'
import { createMetrics } from '../telemetry/metrics/metrics.ts'
import { VERSION } from '../version.ts'
import { clock } from './clock-and-ids.ts'
import { type MetricFacts, READ_METRICS } from './readings.ts'

/** Figures of the database, and when they were read, by the monotonic clock. */
interface Figures {
  stats: Stats
  readAt: number
}

/** Null until first read. */
interface NodeFigures {
  database: Figures | null
  /** Counted by this process, also while the database is away. */
  counts: EngineCounts | null
}

type FigureVerb = 'stats' | 'engineCounts'

const EVERY_MS = 5 * SECOND
const PATIENCE_MS = 2 * SECOND

/**
 * Returns a function that reads at most once in 5 s, for all callers together, and that waits at most 2 s. If a reading
 * fails or takes longer, the function resolves with the last value, or null if there is none yet.
 */
const createReading = <T>(ask: () => Promise<T>, clock: Pick<Clock, 'monotonic' | 'sleep'>) => {
  let last: T | null = null
  const read = async () => {
    // Other code that uses the database emits its failures; here the age of the figures shows them.
    last = await ask().catch(() => last)
  }
  const reading = onceIn(EVERY_MS, read, clock.monotonic)
  return async (): Promise<T | null> => {
    await within(clock, PATIENCE_MS, reading())
    return last
  }
}

/** Reads the figures of the database, and the counts of this process, which go on while the database is away. */
export const createFigures = (
  store: Pick<Store, FigureVerb>,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): (() => Promise<NodeFigures>) => {
  const ofDatabase = createReading(async () => ({ stats: await store.stats(), readAt: clock.monotonic() }), clock)
  const ofProcess = createReading(() => store.engineCounts(), clock)
  return async () => {
    const [database, counts] = await Promise.all([ofDatabase(), ofProcess()])
    return { database, counts }
  }
}

/** Readings of the workers of this process. */
interface Workers {
  inUse: () => MetricFacts['inUse']
  clockAheadMs: () => MetricFacts['clockSkewMs']
}

/** The metrics of this process, and of the database that it works on. */
export const createNodeMetrics = (store: Pick<Store, FigureVerb>, config: UpstreamConfig, workers: Workers) => {
  const {
    callback,
    upstream,
    node: { roles },
  } = config
  const metrics = createMetrics({ routes: documentedStatuses(), clock, read: READ_METRICS })
  const figures = createFigures(store, clock)
  const startedAt = clock.monotonic()
  const settings = settingsIdOf(config)
  const limits = {
    poll: roles.includes('poll') ? upstream.concurrency : 0,
    deliver: roles.includes('deliver') ? callback.concurrency : 0,
  }

  const text = async () => {
    const { database, counts } = await figures()
    const stats = database?.stats ?? null
    for (const { id } of stats?.accounts ?? []) metrics.addAccount(id)
    return metrics.text({
      stats,
      statsAgeMs: clock.monotonic() - (database?.readAt ?? startedAt),
      counts,
      version: VERSION,
      settings,
      inUse: workers.inUse(),
      limits,
      callsInLastMinute: metrics.callsInLastMinute,
      clockSkewMs: workers.clockAheadMs(),
    })
  }
  return {
    listener: metrics.listener,
    page: { contentType: metrics.contentType, text },
  }
}
