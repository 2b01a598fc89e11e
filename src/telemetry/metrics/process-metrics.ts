import { collectDefaultMetrics, Registry } from 'prom-client'

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
export const processMetrics = (): Registry => {
  opened ??= open()
  return opened
}
