import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import { MINUTE } from '../../core/duration.ts'
import type { Histogram } from '../../core/histogram.ts'
import { type Declaration, type LabelsOf, showMetric } from './declaration.ts'
import { READING_METRICS } from './declarations.ts'
import { createEventMetrics } from './event-metrics.ts'
import { createMetricsListener } from './listener.ts'

type Table = typeof READING_METRICS

interface Sample<Of extends Declaration> {
  labels: LabelsOf<Of>
  value: Of['type'] extends 'histogram' ? Histogram : number
}

/** The values of metrics that are as they are when somebody asks. What is not there is not shown. */
export type Readings = { readonly [Name in keyof Table]?: readonly Sample<Table[Name]>[] }

/** Metrics that are counted elsewhere. What it returns sets the values that the registry shows from then on. */
const createReadingMetrics = (registry: Registry): ((readings: Readings) => void) => {
  let shown: Readings = {}
  for (const key of Object.keys(READING_METRICS) as (keyof Table)[])
    showMetric(registry, READING_METRICS[key], () => shown[key] ?? [])
  return readings => {
    shown = readings
  }
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

/** A route of the API, and the codes that it may answer. */
interface CountedRoute {
  method: string
  route: string
  codes: readonly string[]
}

export const createMetrics = ({
  routes,
  clock,
}: {
  routes: readonly CountedRoute[]
  clock: Pick<Clock, 'monotonic'>
}) => {
  const registry = new Registry()
  const metrics = createEventMetrics(registry)
  const show = createReadingMetrics(registry)
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const calls = createCallRate(clock.monotonic)
  const accounts = new Set<string>()
  /** Shows zeros for an account, by its id: an APIID is half of a login. */
  const addAccount = (account: string): void => {
    if (accounts.has(account)) return
    accounts.add(account)
    for (const name of ['polls', 'pollDuration', 'unknownStatuses'] as const) metrics.begin(name, { account })
  }
  // Their durations begin with their first request: zeros of all of them would be most of the page.
  for (const { method, route, codes } of routes)
    for (const code of codes) metrics.begin('httpRequests', { method, route, code })
  return {
    listener: createMetricsListener({ metrics, addAccount, onCall: calls.called }),
    addAccount,
    callsInLastMinute: calls.inLastMinute,
    contentType: registry.contentType,
    /** The page, with these values of what is read elsewhere. */
    text: (readings: Readings): Promise<string> => {
      show(readings)
      return registry.metrics()
    },
  }
}
