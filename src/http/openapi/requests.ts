import type { z } from 'zod'
import { NEW_ACCOUNT } from '../admin/accounts.ts'
import { createNewKey, NEW_PARTNER, PARTNER_CHANGE } from '../admin/partners.ts'
import { BATCH_BODY } from '../partner/batch.ts'
import { createCallbackTestBody } from '../partner/callback-test.ts'
import type { RegistrationBodySchema } from '../partner/registration-body.ts'
import { RESEND_BODY } from '../partner/resends.ts'
import { ROTATION } from '../partner/signing-secrets.ts'

/** The schemas that the bodies are checked with, by the name each has in the document. */
export const requestsOf = (registrationBody: RegistrationBodySchema, now: () => number) => ({
  RegistrationRequest: registrationBody,
  BatchRequest: BATCH_BODY,
  ResendRequest: RESEND_BODY,
  RotateRequest: ROTATION,
  CallbackTestRequest: createCallbackTestBody(registrationBody),
  PartnerRequest: NEW_PARTNER,
  PartnerChangeRequest: PARTNER_CHANGE,
  KeyRequest: createNewKey({ now }),
  AccountRequest: NEW_ACCOUNT,
})

export type Requests = ReturnType<typeof requestsOf>
export type RequestInput<Name extends keyof Requests> = z.input<Requests[Name]>
