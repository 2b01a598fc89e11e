import { ACCOUNT_CALLS } from '../admin/accounts.ts'
import { ALERT_CALLS } from '../admin/alerts.ts'
import { AUDIT_CALLS } from '../admin/audit.ts'
import { BULK_CALLS } from '../admin/bulk.ts'
import { CALLBACK_CALLS } from '../admin/callbacks.ts'
import { PARTNER_LINK_CALLS } from '../admin/console-links.ts'
import { PARTNER_CONTACT_CALLS } from '../admin/contacts.ts'
import { HOLD_CALLS } from '../admin/deliveries.ts'
import { OPERATOR_HISTORY_CALLS } from '../admin/history.ts'
import { OPERATOR_CALLS } from '../admin/me.ts'
import { FAILURE_CALLS } from '../admin/messages.ts'
import { NODE_CALLS } from '../admin/nodes.ts'
import { OVERVIEW_CALLS } from '../admin/overview.ts'
import { KEY_CALLS, PARTNER_CALLS } from '../admin/partners.ts'
import { FOUND_REGISTRATION_CALLS } from '../admin/registrations.ts'
import { SETTING_CALLS } from '../admin/settings.ts'
import { PARTNER_SECRET_CALLS } from '../admin/signing-secrets.ts'
import { TOKEN_CALLS } from '../admin/tokens.ts'
import { CALLBACK_TEST_CALLS } from '../partner/callback-test.ts'
import { CONSOLE_LINK_CALLS } from '../partner/console-links.ts'
import { CONTACT_CALLS } from '../partner/contact.ts'
import { EVENT_CALLS } from '../partner/events.ts'
import { EXPLAIN_CALLS } from '../partner/explain.ts'
import { HISTORY_CALLS } from '../partner/history.ts'
import { OWN_KEY_CALLS } from '../partner/keys.ts'
import { LOOKUP_CALLS } from '../partner/lookup.ts'
import { ME_CALLS } from '../partner/me.ts'
import { REGISTER_CALLS } from '../partner/register.ts'
import { DELIVERY_CALLS, REGISTRATION_CALLS } from '../partner/registrations.ts'
import { BULK_RESEND_CALLS } from '../partner/resends.ts'
import { SECRET_CALLS } from '../partner/signing-secrets.ts'
import { STATUS_CALLS } from '../partner/status.ts'

/** Partner calls, by tag. Each is named like the method of the client that makes the call. */
export const PARTNER_OPERATIONS = {
  Registrations: { ...REGISTER_CALLS, ...LOOKUP_CALLS, ...REGISTRATION_CALLS, ...EXPLAIN_CALLS },
  Delivery: { ...DELIVERY_CALLS, ...BULK_RESEND_CALLS, ...EVENT_CALLS, ...CALLBACK_TEST_CALLS, ...CONTACT_CALLS },
  Account: { ...SECRET_CALLS, ...OWN_KEY_CALLS, ...ME_CALLS, ...STATUS_CALLS, ...HISTORY_CALLS, ...CONSOLE_LINK_CALLS },
}

/** Operator calls, by tag. */
export const OPERATOR_OPERATIONS = {
  Admin: {
    ...PARTNER_CALLS,
    ...KEY_CALLS,
    ...PARTNER_SECRET_CALLS,
    ...PARTNER_CONTACT_CALLS,
    ...PARTNER_LINK_CALLS,
    ...ACCOUNT_CALLS,
    ...NODE_CALLS,
    ...OVERVIEW_CALLS,
    ...OPERATOR_HISTORY_CALLS,
    ...OPERATOR_CALLS,
    ...SETTING_CALLS,
    ...ALERT_CALLS,
    ...FOUND_REGISTRATION_CALLS,
    ...FAILURE_CALLS,
    ...BULK_CALLS,
    ...CALLBACK_CALLS,
    ...HOLD_CALLS,
    ...TOKEN_CALLS,
    ...AUDIT_CALLS,
  },
}

/** Routes in no document, with the statuses of their responses: pages and files, probes and monitoring. */
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
  'GET /docs/*': [404, 429],
}
