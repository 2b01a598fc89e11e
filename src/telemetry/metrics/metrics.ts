import { Counter, collectDefaultMetrics, type Gauge, Histogram, type Metric, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Histogram as ReadHistogram } from '../../core/histogram.ts'
import type { Listener, TelemetryEvent } from '../emit.ts'
import type { EventMetric, ReadMetric } from './declaration.ts'
import { EVENT_METRICS, HTTP_REQUESTS } from './event-metrics.ts'

type Labels = Readonly<Record<string, string>>

/** Every way to choose a value for each label, where some are chosen already; none where a label has no known value. */
const combinationsOf = ({ labels }: EventMetric, known: Labels): Labels[] => {
  let combinations: Labels[] = [{}]
  for (const [name, all] of Object.entries(labels)) {
    const given = known[name]
    const values = given !== undefined ? [given] : 'from' in all ? [] : all
    combinations = combinations.flatMap(chosen => values.map(value => ({ ...chosen, [name]: value })))
  }
  return combinations
}

/** Counts what happens. Whatever is known from the start shows zeros from the start. */
const createEventMetrics = (registry: Registry) => {
  const made = new Map<EventMetric, Counter | Histogram>()
  const listeners = new Map<string, ((fields: TelemetryEvent['fields']) => void)[]>()

  /** Shows zeros for values of labels that are known now, with all values of its other labels. */
  const begin = (metric: EventMetric, known: Labels): void => {
    const shown = made.get(metric)
    for (const labels of combinationsOf(metric, known))
      if (shown instanceof Counter) shown.inc(labels, 0)
      else shown?.zero(labels)
  }

  for (const metric of EVENT_METRICS) {
    const { name, help, type, labels, buckets = [], on } = metric
    const settings = { name, help, labelNames: Object.keys(labels), registers: [registry] }
    const shown = type === 'counter' ? new Counter(settings) : new Histogram({ ...settings, buckets: [...buckets] })
    made.set(metric, shown)
    begin(metric, {})
    for (const [event, count] of Object.entries(on)) {
      const listen = (fields: TelemetryEvent['fields']) => {
        const counted = count(fields as never)
        if (counted === null) return
        const { ms, ...labels } = counted
        if (shown instanceof Counter) shown.inc(labels)
        else shown.observe(labels, Number(ms) / SECOND)
      }
      listeners.set(event, [...(listeners.get(event) ?? []), listen])
    }
  }
  const listener: Listener = ({ name, fields }) => {
    for (const listen of listeners.get(name) ?? []) listen(fields)
  }
  return { begin, listener }
}

/** As the text has them. The registry keeps the text of shared labels for as long as the object lives. */
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

/** About how many calls of each account the last minute had: those of this minute, and of the one before the part that is left of it. */
export const createCallRate = (monotonic: () => number) => {
  const calls = new Map<string, { minute: number; count: number; before: number }>()
  const thisMinute = (account: string) => {
    const minute = Math.floor(monotonic() / MINUTE)
    const known = calls.get(account)
    if (known?.minute === minute) return known
    const begun = { minute, count: 0, before: known?.minute === minute - 1 ? known.count : 0 }
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

/** Their names say counter, and they are none: Prometheus' own lint objects to them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

/** How often it is seen how late a timer of the event loop is. Each look wakes the process. */
const LAG_EVERY_MS = 200
/** In seconds. */
const MOST_LATE = 3_600
const LAGS = ['min', 'max', 'mean', 'p50', 'p90', 'p99'].map(figure => `nodejs_eventloop_lag_${figure}_seconds`)

/**
 * Tells how late the timer was: prom-client tells how long it took, so never less than it was set to. Of two looks at once the second has no
 * sample, which is NaN or the largest number there is.
 */
const tellLags = (registry: Registry): void => {
  for (const name of LAGS) {
    const gauge = registry.getSingleMetric(name) as Gauge
    const set = gauge.set.bind(gauge)
    gauge.set = (_labels: unknown, seconds: number = 0) => {
      const late = seconds - LAG_EVERY_MS / SECOND
      set(late > 0 && late < MOST_LATE ? late : 0)
    }
  }
}

/** A route of the API, and the codes that it may answer. */
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
    // A registry asks no more of a metric than this.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS })
  tellLags(registry)
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const calls = createCallRate(clock.monotonic)
  const accounts = new Set<string>()
  /** Shows zeros for an account, by its id: an APIID is half of a login. */
  const addAccount = (account: string): void => {
    if (accounts.has(account)) return
    accounts.add(account)
    for (const metric of EVENT_METRICS) if ('account' in metric.labels) begin(metric, { account })
  }
  // Their durations begin with their first request: zeros of all of them would be most of the page.
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
    /** The page, with what is read from these facts. */
    text: (now: Facts): Promise<string> => {
      facts = now
      return registry.metrics()
    },
  }
}
