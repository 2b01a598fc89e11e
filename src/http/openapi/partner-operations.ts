import { CALLBACK_TEST_CALLS } from '../partner/callback-test.ts'
import { EVENT_CALLS } from '../partner/events.ts'
import { EXPLAIN_CALLS } from '../partner/explain.ts'
import { LOOKUP_CALLS } from '../partner/lookup.ts'
import { ME_CALLS } from '../partner/me.ts'
import { REGISTER_CALLS } from '../partner/register.ts'
import { DELIVERY_CALLS, REGISTRATION_CALLS } from '../partner/registrations.ts'
import { BULK_RESEND_CALLS } from '../partner/resends.ts'
import { SECRET_CALLS } from '../partner/signing-secrets.ts'
import { STATUS_CALLS } from '../partner/status.ts'

/** What partners call, by tag. Each is named like the verb of the client that makes the call. */
export const PARTNER_OPERATIONS = {
  Registrations: { ...REGISTER_CALLS, ...LOOKUP_CALLS, ...REGISTRATION_CALLS, ...EXPLAIN_CALLS },
  Delivery: { ...DELIVERY_CALLS, ...BULK_RESEND_CALLS, ...EVENT_CALLS, ...CALLBACK_TEST_CALLS },
  Account: { ...SECRET_CALLS, ...ME_CALLS, ...STATUS_CALLS },
}
