import type { UpstreamConfig } from '../config/read-config.ts'
import { settingsIdOf } from '../config/settings-id.ts'
import { documentedStatuses } from '../http/openapi/document.ts'
import type { MetricsDeps } from '../http/probes.ts'
import type { Store } from '../store/store.ts'
import type { Listener } from '../telemetry/emit.ts'
import { createMetrics } from '../telemetry/metrics/metrics.ts'
import { VERSION } from '../version.ts'
import { clock } from './clock-and-ids.ts'
import { createFigures, type FigureVerb } from './figures.ts'
import type { DelivererRole } from './open-deliverer.ts'
import type { PollerRole } from './open-poller.ts'
import { readingsOf } from './readings.ts'

interface Workers {
  /** Null: this node has no such role. */
  poller: Pick<PollerRole, 'underWay' | 'clockAheadMs'> | null
  deliverer: Pick<DelivererRole, 'underWay'> | null
}

interface NodeMetrics {
  listener: Listener
  /** Told what works in this process, once it does. */
  watch(workers: Workers): void
  page: MetricsDeps['metrics']
}

/** The metrics of this process, and of the database that it works on. */
export const createNodeMetrics = (store: Pick<Store, FigureVerb>, config: UpstreamConfig): NodeMetrics => {
  const {
    callback,
    upstream,
    node: { roles },
  } = config
  const metrics = createMetrics({ routes: documentedStatuses(), clock })
  const figures = createFigures(store, clock)
  const startedAt = clock.monotonic()
  const settings = settingsIdOf(config)
  const limits = {
    polls: roles.includes('poll') ? upstream.concurrency : 0,
    deliveries: roles.includes('deliver') ? callback.concurrency : 0,
  }
  let workers: Workers | null = null

  const text = async () => {
    const known = await figures()
    for (const { id } of known.database?.stats.accounts ?? []) metrics.addAccount(id)
    const node = {
      version: VERSION,
      settings,
      polls: { inUse: workers?.poller?.underWay() ?? 0, limitOfAccount: limits.polls },
      deliveries: { inUse: workers?.deliverer?.underWay() ?? 0, limit: limits.deliveries },
      callsInLastMinute: metrics.callsInLastMinute,
      clockSkewMs: workers?.poller?.clockAheadMs() ?? null,
    }
    return metrics.text(readingsOf(known, node, { monotonic: clock.monotonic(), startedAt }))
  }
  return {
    listener: metrics.listener,
    watch: opened => {
      workers = opened
    },
    page: { contentType: metrics.contentType, text },
  }
}
