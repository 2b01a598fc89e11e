import { EVENT_QUERY } from '../partner/events.ts'
import { LIST_QUERY, WAIT_QUERY } from '../partner/registrations.ts'
import type { Operation, Operations } from './operation.ts'

const REGISTRATIONS = { tag: 'Registrations', access: 'partner' } as const satisfies Partial<Operation>
const DELIVERY = { tag: 'Delivery', access: 'partner' } as const satisfies Partial<Operation>
const ACCOUNT = { tag: 'Account', access: 'partner' } as const satisfies Partial<Operation>

export const PARTNER_OPERATIONS: Operations = {
  'POST /v1/registrations': {
    ...REGISTRATIONS,
    operationId: 'register',
    summary: 'Register a serial',
    description:
      'Durable before the answer, and safe to send again: the same `idcardid` and `callbackUrl` give the registration that is there already, unless that ended `unresolved` or `cancelled`. A serial whose verdict is known is told at once.',
    body: 'RegistrationRequest',
    answers: {
      201: { description: 'Registered.', schema: 'Registration', headers: ['location'] },
      200: { description: 'It was there already, and is unchanged.', schema: 'Registration', headers: ['location'] },
    },
    problems: ['conflict', 'forbidden'],
  },
  'POST /v1/registrations/batch': {
    ...REGISTRATIONS,
    operationId: 'registerBatch',
    summary: 'Register up to 1,000 serials',
    description: 'Each has a result of its own, and a bad one harms no other. The body may have 1 MiB.',
    body: 'BatchRequest',
    answers: { 200: { description: 'What became of each.', schema: 'BatchResults' } },
  },
  'GET /v1/registrations': {
    ...REGISTRATIONS,
    operationId: 'listRegistrations',
    summary: 'List registrations, newest first',
    query: LIST_QUERY,
    answers: { 200: { description: 'A page.', schema: 'RegistrationList' } },
  },
  'GET /v1/registrations/:id': {
    ...REGISTRATIONS,
    operationId: 'getRegistration',
    summary: 'Get a registration, or wait for its verdict',
    query: WAIT_QUERY,
    answers: { 200: { description: 'The registration as it is.', schema: 'Registration' } },
    problems: ['not_found'],
  },
  'DELETE /v1/registrations/:id': {
    ...REGISTRATIONS,
    operationId: 'cancelRegistration',
    summary: 'Cancel a registration',
    description: 'No more polls, no webhook. Cancelling again changes nothing.',
    answers: { 204: { description: 'Cancelled.' } },
    problems: ['not_found'],
  },
  'POST /v1/registrations/:id/poll': {
    ...REGISTRATIONS,
    operationId: 'pollRegistration',
    summary: 'Ask the upstream now',
    description: 'A hint that the user is back.',
    answers: { 202: { description: 'It is due now.', schema: 'Registration' } },
    problems: ['not_found'],
  },
  'GET /v1/registrations/:id/explain': {
    ...REGISTRATIONS,
    operationId: 'explainRegistration',
    summary: 'Why there is no webhook yet',
    acceptsLanguage: true,
    answers: {
      200: {
        description: 'The facts, and one sentence.',
        schema: 'Explanation',
        headers: ['content-language'],
      },
    },
    problems: ['not_found'],
  },
  'GET /v1/registrations/:id/attempts': {
    ...DELIVERY,
    operationId: 'listAttempts',
    summary: 'List the attempts to deliver its webhook, oldest first',
    answers: { 200: { description: 'All of them.', schema: 'AttemptList' } },
    problems: ['not_found'],
  },
  'POST /v1/registrations/:id/resend': {
    ...DELIVERY,
    operationId: 'resendWebhook',
    summary: 'Send its webhook now',
    description:
      'With the same `webhook-id`, whether it was delivered, waits or is exhausted. The retry schedule starts anew.',
    answers: { 202: { description: 'It is due now.', schema: 'Registration' } },
    problems: ['not_found', 'conflict'],
  },
  'POST /v1/resend': {
    ...DELIVERY,
    operationId: 'startResend',
    summary: 'Send all exhausted webhooks of a time span again',
    body: 'ResendRequest',
    answers: { 202: { description: 'Begun.', schema: 'Resend', headers: ['location'] } },
  },
  'GET /v1/resend/:id': {
    ...DELIVERY,
    operationId: 'getResend',
    summary: 'How far a resend is',
    answers: { 200: { description: 'The resend.', schema: 'Resend' } },
    problems: ['not_found'],
  },
  'GET /v1/events': {
    ...DELIVERY,
    operationId: 'listEvents',
    summary: 'Fetch webhooks instead of receiving them, oldest first',
    description:
      'For those who cannot receive, or were down. An empty page means that there is nothing new; its `nextCursor` stays good.',
    query: EVENT_QUERY,
    answers: { 200: { description: 'A page.', schema: 'EventList' } },
  },
  'POST /v1/callbacks/test': {
    ...DELIVERY,
    operationId: 'testCallback',
    summary: 'Send idface.test to a callback now',
    body: 'CallbackTestRequest',
    answers: { 200: { description: 'The attempt, whatever came of it.', schema: 'Attempt' } },
  },
  'GET /v1/signing-secrets': {
    ...ACCOUNT,
    operationId: 'listSigningSecrets',
    summary: 'List the live signing secrets, newest first',
    answers: { 200: { description: 'All of them, without the secrets.', schema: 'SigningSecretList' } },
  },
  'POST /v1/signing-secrets/rotate': {
    ...ACCOUNT,
    operationId: 'rotateSigningSecret',
    summary: 'Make a new signing secret',
    description: 'During the overlap every webhook carries a signature of each live secret, ten at most.',
    body: 'RotateRequest',
    answers: { 201: { description: 'The new secret.', schema: 'NewSigningSecret' } },
    problems: ['conflict'],
  },
  'GET /v1/me': {
    ...ACCOUNT,
    operationId: 'getMe',
    summary: 'Whose key this is, its limits and what of them is used',
    answers: { 200: { description: 'The partner.', schema: 'Me' } },
  },
}
