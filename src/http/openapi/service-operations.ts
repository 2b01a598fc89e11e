import type { Operation, Operations } from './operation.ts'

const SERVICE = { tag: 'Service', access: 'open' } as const satisfies Partial<Operation>

/** For probes and monitoring. */
export const SERVICE_OPERATIONS: Operations = {
  'GET /healthz': {
    ...SERVICE,
    operationId: 'getHealth',
    summary: 'Whether the service is running',
    description: 'For liveness probes: the process answers. It needs neither the database nor the upstream.',
    answers: { 200: { description: 'It is.', schema: 'Health' } },
  },
  'GET /readyz': {
    ...SERVICE,
    operationId: 'getReadiness',
    summary: 'Whether the service can work',
    description: 'For readiness probes. Each check says what is wrong in words.',
    answers: {
      200: { description: 'Every check has passed.', schema: 'Readiness' },
      503: { description: 'A check has failed; see its reason.', schema: 'Readiness' },
    },
  },
  'GET /metrics': {
    ...SERVICE,
    access: 'metrics',
    operationId: 'getMetrics',
    summary: "The metrics in Prometheus' text format",
    description: 'Of this node and of the database that it works on. Where `METRICS_TOKEN` is set, it is asked for.',
    answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
  },
}

/** Documents, with the statuses of their answers. People and tools read them; no program calls them, so no document has them. */
export const PAGES: Readonly<Record<`GET /${string}`, readonly number[]>> = {
  'GET /': [302],
  'GET /openapi.json': [200, 429],
  'GET /openapi.yaml': [200, 429],
  'GET /v1/admin/openapi.json': [200, 400, 401, 403, 404, 429, 500, 503],
  'GET /docs': [200, 429],
  'GET /docs/:page': [200, 404, 429],
  'GET /docs/examples/:file': [200, 404, 429],
  'GET /docs/assets/:file': [200, 404, 429],
  'GET /docs/*': [404, 429],
}
