import { ADMIN_ROUTES } from './admin-routes.ts'
import { HOOK } from './api.ts'

export const SERIAL = 'foreign-serial-77'
export const FOREIGN_HOOK = 'https://foreign.example/hook'
export const UNKNOWN = {
  reg: 'reg_01JABCDEFGHJKMNPQRSTVWXYZ0',
  resend: 'resend_01JABCDEFGHJKMNPQRSTVWXYZ0',
  key: 'key_01JABCDEFGHJKMNPQRSTVWXYZ0',
  secret: 'secret_01JABCDEFGHJKMNPQRSTVWXYZ0',
}
export type Kind = keyof typeof UNKNOWN
export const SINCE = { since: '2026-11-01T00:00:00Z', delivery: 'exhausted' }

/** For each route: what another partner's object is in it, or whom it is for. */
export const MATRIX: Record<string, Kind | 'own' | 'operator' | 'public'> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public',
  'GET /openapi.json': 'public',
  'GET /': 'public',
  'GET /docs': 'public',
  'GET /docs/*': 'public',
  'GET /docs/:page': 'public',
  'GET /docs/examples/:file': 'public',
  'GET /docs/assets/:file': 'public',
  'GET /docs/': 'public',
  'GET /docs/start': 'public',
  ...Object.fromEntries(Object.keys(ADMIN_ROUTES).map(route => [route, 'operator' as const])),
  'POST /v1/registrations': 'own',
  'POST /v1/registrations/batch': 'own',
  'POST /v1/registrations/lookup': 'own',
  'GET /v1/registrations': 'own',
  'GET /v1/registrations/:id': 'reg',
  'DELETE /v1/registrations/:id': 'reg',
  'POST /v1/registrations/:id/poll': 'reg',
  'POST /v1/registrations/:id/resend': 'reg',
  'GET /v1/registrations/:id/attempts': 'reg',
  'GET /v1/registrations/:id/explain': 'reg',
  'GET /v1/events': 'own',
  'POST /v1/resend': 'own',
  'GET /v1/resend/:id': 'resend',
  'POST /v1/callbacks/test': 'own',
  'PUT /v1/contact': 'own',
  'GET /v1/contact': 'own',
  'DELETE /v1/contact': 'own',
  'POST /v1/contact/test': 'own',
  'POST /v1/console-links': 'own',
  'GET /v1/me': 'own',
  'GET /v1/status': 'own',
  'GET /v1/history': 'own',
  'GET /v1/history/hosts': 'own',
  'GET /v1/keys': 'own',
  'POST /v1/keys': 'own',
  'DELETE /v1/keys/:id': 'key',
  'GET /v1/signing-secrets': 'own',
  'POST /v1/signing-secrets/rotate': 'own',
  'DELETE /v1/signing-secrets/:id': 'secret',
}
/** What is sent, where something has to be. */
export const BODIES: Record<string, unknown> = {
  'POST /v1/registrations': { idcardid: SERIAL, callbackUrl: HOOK },
  'POST /v1/registrations/batch': { registrations: [{ idcardid: SERIAL, callbackUrl: FOREIGN_HOOK }] },
  'POST /v1/registrations/lookup': { idcardids: [SERIAL] },
  'POST /v1/resend': SINCE,
  'POST /v1/callbacks/test': { callbackUrl: FOREIGN_HOOK },
  'PUT /v1/contact': { url: 'https://own.example/contact' },
  'POST /v1/signing-secrets/rotate': { overlap: '0s' },
  'POST /v1/admin/accounts': { account: 'C1', apiKey: 'x' },
  'POST /v1/admin/partners': { name: 'x' },
  'PATCH /v1/admin/partners/:id': { disabled: true },
  'POST /v1/admin/bulk': { act: 'poll', filter: { status: 'pending' }, reason: 'x' },
}
