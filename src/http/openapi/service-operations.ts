import type { Operation, Operations } from './operation.ts'

const SERVICE = { tag: 'Service', access: 'open' } as const satisfies Partial<Operation>

/** For probes and readers. */
export const SERVICE_OPERATIONS: Operations = {
  'GET /healthz': {
    ...SERVICE,
    operationId: 'getHealth',
    summary: 'Whether the service is running',
    answers: { 200: { description: 'It is.', schema: 'Health' } },
  },
  'GET /readyz': {
    ...SERVICE,
    operationId: 'getReadiness',
    summary: 'Whether the service can work',
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
    answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
  },
  'GET /openapi.json': {
    ...SERVICE,
    operationId: 'getDocument',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1.', mediaType: 'application/json' } },
    problems: ['too_many_requests'],
  },
  'GET /': {
    ...SERVICE,
    operationId: 'getRoot',
    summary: 'Leads to the documentation',
    answers: { 302: { description: 'It is at `/docs`.', headers: ['location'] } },
  },
  'GET /docs': {
    ...SERVICE,
    operationId: 'getStartPage',
    summary: 'The start page of the documentation',
    acceptsLanguage: true,
    answers: { 200: { description: 'A page that loads nothing from other hosts.', mediaType: 'text/html' } },
    problems: ['too_many_requests'],
  },
  'GET /docs/:page': {
    ...SERVICE,
    operationId: 'getPage',
    summary: 'A page of the documentation: webhooks, problems, examples or reference',
    description: 'The `type` of a problem points to the page of problems.',
    acceptsLanguage: true,
    answers: { 200: { description: 'A page that loads nothing from other hosts.', mediaType: 'text/html' } },
    problems: ['not_found', 'too_many_requests'],
  },
  'GET /docs/examples/:file': {
    ...SERVICE,
    operationId: 'getExample',
    summary: 'A receiver or another example, as text',
    answers: { 200: { description: 'The file.', mediaType: 'text/plain' } },
    problems: ['not_found', 'too_many_requests'],
  },
  'GET /docs/assets/:file': {
    ...SERVICE,
    operationId: 'getAsset',
    summary: 'A file of the pages',
    answers: { 200: { description: 'The file.' } },
    problems: ['not_found', 'too_many_requests'],
  },
}
