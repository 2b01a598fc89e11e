import { Counter, collectDefaultMetrics, type Gauge, Histogram, type Metric, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Histogram as ReadHistogram } from '../../core/histogram.ts'
import type { Listener, TelemetryEvent } from '../emit.ts'
import type { EventMetric, ReadMetric } from './declaration.ts'
import { EVENT_METRICS, HTTP_REQUESTS } from './event-metrics.ts'

type Labels = Readonly<Record<string, string>>

/** Returns all combinations of label values that contain the known ones; none if a label has no known value. */
const combinationsOf = ({ labels }: EventMetric, known: Labels): Labels[] => {
  let combinations: Labels[] = [{}]
  for (const [name, all] of Object.entries(labels)) {
    const fixed = known[name]
    const values = fixed !== undefined ? [fixed] : 'from' in all ? [] : all
    combinations = combinations.flatMap(chosen => values.map(value => ({ ...chosen, [name]: value })))
  }
  return combinations
}

/** Counts events. Combinations that are known from the start show zeros from the start. */
const createEventMetrics = (registry: Registry) => {
  const allSeries = new Map<EventMetric, Counter | Histogram>()
  const listeners = new Map<string, ((fields: TelemetryEvent['fields']) => void)[]>()

  /** Shows zeros for the known label values, combined with all values of the other labels. */
  const begin = (metric: EventMetric, known: Labels): void => {
    const series = allSeries.get(metric)
    for (const labels of combinationsOf(metric, known))
      if (series instanceof Counter) series.inc(labels, 0)
      else series?.zero(labels)
  }

  for (const metric of EVENT_METRICS) {
    const { name, help, type, labels, buckets = [], on } = metric
    const settings = { name, help, labelNames: Object.keys(labels), registers: [registry] }
    const series = type === 'counter' ? new Counter(settings) : new Histogram({ ...settings, buckets: [...buckets] })
    allSeries.set(metric, series)
    begin(metric, {})
    for (const [event, count] of Object.entries(on)) {
      const listen = (fields: TelemetryEvent['fields']) => {
        const counted = count(fields as never)
        if (counted === null) return
        const { ms, ...labels } = counted
        if (series instanceof Counter) series.inc(labels)
        else series.observe(labels, Number(ms) / SECOND)
      }
      listeners.set(event, [...(listeners.get(event) ?? []), listen])
    }
  }
  const listener: Listener = ({ name, fields }) => {
    for (const listen of listeners.get(name) ?? []) listen(fields)
  }
  return { begin, listener }
}

/**
 * A line of the text, as the registry takes it. The registry keeps the text of shared labels for as long as the object
 * lives.
 */
interface Line {
  metricName?: string
  labels?: Labels
  sharedLabels: Labels
  value: number
}

const bucketsOf = (name: string, sharedLabels: Labels, { bounds, counts, sum }: ReadHistogram): Line[] => {
  let total = 0
  const buckets = counts.map((count, index): Line => {
    total += count
    return { metricName: `${name}_bucket`, labels: { le: String(bounds[index] ?? '+Inf') }, sharedLabels, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, sharedLabels, value: sum },
    { metricName: `${name}_count`, sharedLabels, value: total },
  ]
}

/**
 * Estimates the calls of each account in the last minute: all calls of the current minute of the monotonic clock, and
 * a share of the previous minute's.
 */
export const createCallRate = (monotonic: () => number) => {
  const calls = new Map<string, { minute: number; count: number; before: number }>()
  const thisMinute = (account: string) => {
    const minute = Math.floor(monotonic() / MINUTE)
    const last = calls.get(account)
    if (last?.minute === minute) return last
    const begun = { minute, count: 0, before: last?.minute === minute - 1 ? last.count : 0 }
    calls.set(account, begun)
    return begun
  }
  return {
    called: (account: string): void => {
      thisMinute(account).count++
    },
    inLastMinute: (account: string): number => {
      const { count, before } = thisMinute(account)
      return count + before * (1 - (monotonic() % MINUTE) / MINUTE)
    },
  }
}

/** Gauges that are named like counters: Prometheus' own lint objects to them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

/** Interval of measuring how late a timer of the event loop is. Each measurement wakes the process. */
const LAG_EVERY_MS = 200
/** In seconds. */
const MAX_LATE = 3_600
const LAGS = ['min', 'max', 'mean', 'p50', 'p90', 'p99'].map(figure => `nodejs_eventloop_lag_${figure}_seconds`)

/**
 * Makes the lag gauges show how late the timer was: prom-client shows how long it took, so never less than its
 * interval. If two scrapes coincide, the second has no sample, which is NaN or the largest number possible.
 */
const correctLags = (registry: Registry): void => {
  for (const name of LAGS) {
    const gauge = registry.getSingleMetric(name) as Gauge
    const set = gauge.set.bind(gauge)
    gauge.set = (_labels: unknown, seconds: number = 0) => {
      const late = seconds - LAG_EVERY_MS / SECOND
      set(late > 0 && late < MAX_LATE ? late : 0)
    }
  }
}

/** A route of the API, and its possible status codes. */
interface CountedRoute {
  method: string
  route: string
  codes: readonly string[]
}

export const createMetrics = <Facts>({
  routes,
  clock,
  read,
}: {
  routes: readonly CountedRoute[]
  clock: Pick<Clock, 'monotonic'>
  read: readonly ReadMetric<Facts>[]
}) => {
  const registry = new Registry()
  const { begin, listener } = createEventMetrics(registry)
  let facts: Facts
  for (const { name, help, type, read: samplesOf } of read) {
    const linesOf = ({ value, ...labels }: { value: number | ReadHistogram }): Line[] =>
      typeof value === 'number' ? [{ sharedLabels: labels, value }] : bucketsOf(name, labels, value)
    const get = async () => ({ name, help, type, values: samplesOf(facts).flatMap(linesOf) })
    // A registry uses nothing else of a metric.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS })
  correctLags(registry)
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const calls = createCallRate(clock.monotonic)
  const accounts = new Set<string>()
  /** Shows zeros for an account, by its id: an APIID is half of a login. */
  const addAccount = (account: string): void => {
    if (accounts.has(account)) return
    accounts.add(account)
    for (const metric of EVENT_METRICS) if ('account' in metric.labels) begin(metric, { account })
  }
  // Durations begin with their first request: zeros of all of them would be most of the page.
  for (const { method, route, codes } of routes) for (const code of codes) begin(HTTP_REQUESTS, { method, route, code })
  return {
    listener: (event: TelemetryEvent): void => {
      if (event.name === 'poll.answered') {
        addAccount(event.fields.accountId)
        calls.called(event.fields.accountId)
      }
      listener(event)
    },
    addAccount,
    callsInLastMinute: calls.inLastMinute,
    contentType: registry.contentType,
    /** Returns the page, with the read metrics from these facts. */
    text: (now: Facts): Promise<string> => {
      facts = now
      return registry.metrics()
    },
  }
}
