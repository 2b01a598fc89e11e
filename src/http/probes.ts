import { createFrame, type FrameDeps } from './frame.ts'
import { createHealth, type HealthDeps } from './health.ts'
import { createMetricsPage, type MetricsDeps } from './metrics.ts'
import { createRates, type RateDeps } from './rates.ts'

/** What a node without the role `api` answers: whether it lives, whether it is ready, its metrics, and nothing else. */
export const createProbes = (deps: FrameDeps & HealthDeps & Omit<MetricsDeps, 'rates'> & RateDeps) => {
  const app = createFrame(deps, {
    en: 'This node answers /healthz, /readyz and /metrics only: its ROLES have no api. Call a node that has it.',
    zh: '本节点只提供 /healthz、/readyz 和 /metrics：其 ROLES 不含 api。请访问包含 api 的节点。',
  })
  app.route('/', createHealth(deps))
  app.route('/', createMetricsPage({ ...deps, rates: createRates(deps) }))
  return app
}
