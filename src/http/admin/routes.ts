import type { Role } from '../../core/role.ts'

interface AdminRoute {
  /** The least role that may call it. */
  role: Role
  /** What the audit calls it; null: it changes nothing. */
  act: string | null
}

const reads = (role: Role): AdminRoute => ({ role, act: null })
const acts = (role: Role, act: string): AdminRoute => ({ role, act })

/** Who may call what. What is not here, nobody may. */
export const ADMIN_ROUTES: Readonly<Record<string, AdminRoute>> = {
  'GET /v1/admin/accounts': reads('read'),
  'POST /v1/admin/accounts': acts('admin', 'account.create'),
  'POST /v1/admin/accounts/:id/pause': acts('operate', 'account.pause'),
  'POST /v1/admin/accounts/:id/resume': acts('operate', 'account.resume'),
  'DELETE /v1/admin/accounts/:id': acts('admin', 'account.remove'),
  'GET /v1/admin/partners': reads('read'),
  'POST /v1/admin/partners': acts('admin', 'partner.create'),
  'GET /v1/admin/partners/:id': reads('read'),
  'PATCH /v1/admin/partners/:id': acts('admin', 'partner.change'),
  'GET /v1/admin/partners/:id/keys': reads('read'),
  'POST /v1/admin/partners/:id/keys': acts('admin', 'key.create'),
  'DELETE /v1/admin/keys/:id': acts('admin', 'key.revoke'),
  'GET /v1/admin/nodes': reads('read'),
  'GET /v1/admin/overview': reads('read'),
  'GET /v1/admin/openapi.json': reads('read'),
  'GET /v1/admin/registrations': reads('read'),
  'GET /v1/admin/registrations/count': reads('read'),
  'GET /v1/admin/registrations/:id': reads('read'),
  'GET /v1/admin/registrations/:id/explain': reads('read'),
  'GET /v1/admin/registrations/:id/attempts': reads('read'),
  'POST /v1/admin/registrations/:id/resend': acts('operate', 'registration.resend'),
  'GET /v1/admin/messages/groups': reads('read'),
  'GET /v1/admin/bulk': reads('read'),
  'POST /v1/admin/bulk': acts('operate', 'bulk.create'),
  'GET /v1/admin/bulk/:id': reads('read'),
  'POST /v1/admin/bulk/:id/start': acts('operate', 'bulk.start'),
  'POST /v1/admin/bulk/:id/stop': acts('operate', 'bulk.stop'),
  // It has whole URLs: they are needed to enable one.
  'GET /v1/admin/callbacks': reads('operate'),
  'POST /v1/admin/callbacks/enable': acts('operate', 'callback.enable'),
  'GET /v1/admin/audit': reads('admin'),
}
