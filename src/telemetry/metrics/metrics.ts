import { Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import type { Listener } from '../emit.ts'
import { createCallRate } from './call-rate.ts'
import { createEventMetrics } from './event-metrics.ts'
import { createMetricsListener } from './listener.ts'
import { createProcessText } from './process-metrics.ts'
import { createReadingMetrics, type Readings } from './readings.ts'

/** A route of the API, and the codes that it may answer. */
export interface CountedRoute {
  method: string
  route: string
  codes: readonly string[]
}

export interface Metrics {
  listener: Listener
  /** Shows zeros for an account, by its id: an APIID is half of a login. */
  addAccount(account: string): void
  /** By the id of an account, of this process. */
  callsInLastMinute(account: string): number
  contentType: string
  /** The page, with these values of what is read elsewhere. */
  text(readings: Readings): Promise<string>
}

export const createMetrics = ({
  routes,
  clock,
}: {
  routes: readonly CountedRoute[]
  clock: Pick<Clock, 'monotonic'>
}): Metrics => {
  const registry = new Registry()
  const metrics = createEventMetrics(registry)
  const show = createReadingMetrics(registry)
  const processText = createProcessText(clock)
  const calls = createCallRate(clock.monotonic)
  const accounts = new Set<string>()
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
    text: async readings => {
      show(readings)
      const [ours, ofProcess] = await Promise.all([registry.metrics(), processText()])
      return `${ours}\n${ofProcess}`
    },
  }
}
