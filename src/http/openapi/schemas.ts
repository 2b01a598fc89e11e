import type { z } from 'zod'
import { ACCOUNT, NEW_ACCOUNT } from '../admin/accounts.ts'
import { AUDITED_ACT } from '../admin/audit.ts'
import { BULK_BODY } from '../admin/bulk.ts'
import { BULK, BULK_DRAFT } from '../admin/bulk-view.ts'
import { CALLBACK, CALLBACK_ENABLING, ENABLED_CALLBACK } from '../admin/callbacks.ts'
import { CREATED_KEY, createKeyBody, KEY } from '../admin/keys.ts'
import { FAILURE_GROUPS } from '../admin/messages.ts'
import { NODE } from '../admin/nodes.ts'
import { OVERVIEW } from '../admin/overview.ts'
import { CREATED_PARTNER, NEW_PARTNER, PARTNER, PARTNER_CHANGE } from '../admin/partners.ts'
import { ACT } from '../admin/reason.ts'
import { REGISTRATION_DETAIL } from '../admin/registration-detail.ts'
import { FOUND_REGISTRATION } from '../admin/registration-view.ts'
import { BOUNDED_COUNT, RESENT } from '../admin/registrations.ts'
import { HEALTH, READINESS } from '../health.ts'
import { listOf } from '../json/pagination.ts'
import { PROBLEM } from '../json/problem.ts'
import { BATCH_BODY, BATCH_RESULTS } from '../partner/batch.ts'
import { createCallbackTestBody } from '../partner/callback-test.ts'
import { EVENT, EVENT_LIST } from '../partner/events.ts'
import { EXPLANATION } from '../partner/explain.ts'
import { LOOKUP_BODY, LOOKUP_RESULTS } from '../partner/lookup.ts'
import { ME } from '../partner/me.ts'
import { ATTEMPT, REGISTRATION } from '../partner/registration-answer.ts'
import type { RegistrationBodySchema } from '../partner/registration-body.ts'
import { RESEND, RESEND_BODY } from '../partner/resends.ts'
import { NEW_SIGNING_SECRET, ROTATION, SIGNING_SECRET } from '../partner/signing-secrets.ts'
import { STATUS_ANSWER } from '../partner/status.ts'

/** The schemas of the bodies, by their names in the document. The same schemas check the requests. */
export const requestsOf = (registrationBody: RegistrationBodySchema, now: () => number) => ({
  RegistrationRequest: registrationBody,
  BatchRequest: BATCH_BODY,
  LookupRequest: LOOKUP_BODY,
  ResendRequest: RESEND_BODY,
  RotateRequest: ROTATION,
  CallbackTestRequest: createCallbackTestBody(registrationBody),
  PartnerRequest: NEW_PARTNER,
  PartnerChangeRequest: PARTNER_CHANGE,
  KeyRequest: createKeyBody({ now }),
  AccountRequest: NEW_ACCOUNT,
  CallbackEnablingRequest: CALLBACK_ENABLING,
  ActRequest: ACT,
  BulkRequest: BULK_BODY,
})

export type Requests = ReturnType<typeof requestsOf>
export type RequestInput<Name extends keyof Requests> = z.input<Requests[Name]>

/** The schemas of the answers, by their names in the document. The same schemas type the code that writes them. */
export const ANSWERS = {
  Registration: REGISTRATION,
  RegistrationList: listOf(REGISTRATION),
  BatchResults: BATCH_RESULTS,
  LookupResults: LOOKUP_RESULTS,
  Attempt: ATTEMPT,
  AttemptList: listOf(ATTEMPT),
  Explanation: EXPLANATION,
  Event: EVENT,
  EventList: EVENT_LIST,
  Resend: RESEND,
  SigningSecret: SIGNING_SECRET,
  SigningSecretList: listOf(SIGNING_SECRET),
  NewSigningSecret: NEW_SIGNING_SECRET,
  Me: ME,
  Status: STATUS_ANSWER,
  Problem: PROBLEM,
  Partner: PARTNER,
  PartnerList: listOf(PARTNER),
  NewPartner: CREATED_PARTNER,
  Key: KEY,
  KeyList: listOf(KEY),
  NewKey: CREATED_KEY,
  Account: ACCOUNT,
  AccountList: listOf(ACCOUNT),
  Node: NODE,
  NodeList: listOf(NODE),
  Overview: OVERVIEW,
  FoundRegistration: FOUND_REGISTRATION,
  FoundRegistrationList: listOf(FOUND_REGISTRATION),
  BoundedCount: BOUNDED_COUNT,
  RegistrationDetail: REGISTRATION_DETAIL,
  Resent: RESENT,
  FailureGroups: FAILURE_GROUPS,
  BulkAct: BULK,
  BulkActList: listOf(BULK),
  BulkDraft: BULK_DRAFT,
  Callback: CALLBACK,
  CallbackList: listOf(CALLBACK),
  EnabledCallback: ENABLED_CALLBACK,
  AuditedAct: AUDITED_ACT,
  AuditedActList: listOf(AUDITED_ACT),
  Health: HEALTH,
  Readiness: READINESS,
}
