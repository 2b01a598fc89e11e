import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import { SECOND } from '../../core/duration.ts'

/** Their names say counter, and they are none: Prometheus' own lint objects to them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

const open = (): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return registry
}

let opened: Registry | null = null

/** What every Node process can tell of itself. There is one process, so this is opened once. */
const processMetrics = (): Registry => {
  opened ??= open()
  return opened
}

const EVERY_MS = 5 * SECOND

/** The text of them, at most 5 s old: it lists all that is open, which takes some ms where thousands of connections are. */
export const createProcessText = ({ monotonic }: Pick<Clock, 'monotonic'>): (() => Promise<string>) => {
  let text = Promise.resolve('')
  let readAt = Number.NEGATIVE_INFINITY
  return () => {
    if (monotonic() - readAt >= EVERY_MS) {
      readAt = monotonic()
      text = processMetrics().metrics()
    }
    return text
  }
}
