import type { AdminRoute } from '../../../src/http/admin/authorize.ts'
import { OPERATOR_OPERATIONS } from '../../../src/http/openapi/operations.ts'

/** By method and path: who may call what, and what the audit calls it. */
export const ADMIN_ROUTES: Readonly<Record<string, AdminRoute>> = {
  ...OPERATOR_OPERATIONS.Admin,
  'GET /v1/admin/openapi.json': { role: 'read' },
}
