import { ACCOUNT_CALLS } from '../admin/accounts.ts'
import { AUDIT_CALLS } from '../admin/audit.ts'
import { BULK_CALLS } from '../admin/bulk.ts'
import { CALLBACK_CALLS } from '../admin/callbacks.ts'
import { FAILURE_CALLS } from '../admin/messages.ts'
import { NODE_CALLS } from '../admin/nodes.ts'
import { OVERVIEW_CALLS } from '../admin/overview.ts'
import { KEY_CALLS, PARTNER_CALLS } from '../admin/partners.ts'
import { FOUND_REGISTRATION_CALLS } from '../admin/registrations.ts'

/** What operators call, by tag. */
export const OPERATOR_OPERATIONS = {
  Admin: {
    ...PARTNER_CALLS,
    ...KEY_CALLS,
    ...ACCOUNT_CALLS,
    ...NODE_CALLS,
    ...OVERVIEW_CALLS,
    ...FOUND_REGISTRATION_CALLS,
    ...FAILURE_CALLS,
    ...BULK_CALLS,
    ...CALLBACK_CALLS,
    ...AUDIT_CALLS,
  },
}

/** What is in no document, with the statuses of its answers: pages and files, and what probes and monitoring ask. */
export const PAGES: Readonly<Record<`GET /${string}`, readonly number[]>> = {
  'GET /': [302],
  'GET /healthz': [200],
  'GET /readyz': [200, 503],
  'GET /metrics': [200, 401, 429],
  'GET /openapi.json': [200, 429],
  'GET /v1/admin/openapi.json': [200, 400, 401, 403, 404, 429, 500, 503],
  'GET /docs': [200, 404, 429],
  'GET /docs/': [301, 429],
  'GET /docs/start': [301, 429],
  'GET /docs/:page': [200, 404, 429],
  'GET /docs/examples/:file': [200, 404, 429],
  'GET /docs/assets/:file': [200, 404, 429],
}
