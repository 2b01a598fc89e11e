import { MOST_LIVE_SECRETS } from '../../store/signing-secret.ts'
import { EVENT_QUERY } from '../partner/events.ts'
import { MOST_FOUND } from '../partner/lookup.ts'
import { LIST_QUERY, WAIT_QUERY } from '../partner/registrations.ts'
import { STATUS_QUERY } from '../partner/status.ts'
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
      'The registration is durable before the answer is sent, and the request may be repeated: the same `idcardid` and `callbackUrl` return the existing registration, unless it ended `unresolved` or `cancelled`. If the verdict is known already, the webhook is sent at once.',
    body: 'RegistrationRequest',
    answers: {
      201: { description: 'Registered.', schema: 'Registration', headers: ['location'] },
      200: { description: 'It existed already and is unchanged.', schema: 'Registration', headers: ['location'] },
    },
    problems: ['conflict', 'forbidden'],
  },
  'POST /v1/registrations/batch': {
    ...REGISTRATIONS,
    operationId: 'registerBatch',
    summary: 'Register up to 1,000 serials',
    description:
      'Every item has its own result, and an invalid item does not affect the others. The body may have up to 1 MiB. A batch costs what it holds: if the partner’s rate of registrations does not suffice for all of it, the answer is 429 and nothing of it is taken.',
    body: 'BatchRequest',
    acceptsLanguage: true,
    answers: {
      200: { description: 'The result of every item.', schema: 'BatchResults', headers: ['content-language'] },
    },
  },
  'POST /v1/registrations/lookup': {
    ...REGISTRATIONS,
    operationId: 'lookup',
    summary: 'Look up to 1,000 serials up at once',
    description: `For one call after an outage: all your registrations of each serial, in the order of the request. A serial that is unknown, or another partner’s, has none. An answer holds ${MOST_FOUND} registrations at most: if the serials have more together, it is 422, and you ask for fewer at a time.`,
    body: 'LookupRequest',
    answers: { 200: { description: 'The registrations of every serial.', schema: 'LookupResults' } },
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
    answers: { 200: { description: 'The registration in its present state.', schema: 'Registration' } },
    problems: ['not_found'],
  },
  'DELETE /v1/registrations/:id': {
    ...REGISTRATIONS,
    operationId: 'cancelRegistration',
    summary: 'Cancel a registration',
    description: 'It is not polled any more and sends no webhook. Cancelling it again changes nothing.',
    answers: { 204: { description: 'Cancelled.' } },
    problems: ['not_found'],
  },
  'POST /v1/registrations/:id/poll': {
    ...REGISTRATIONS,
    operationId: 'pollRegistration',
    summary: 'Ask the upstream now',
    description: 'A hint that the user has come back from the verification.',
    answers: { 202: { description: 'It is due now; in a queue it goes first.', schema: 'Registration' } },
    problems: ['not_found', 'conflict'],
  },
  'GET /v1/registrations/:id/explain': {
    ...REGISTRATIONS,
    operationId: 'explainRegistration',
    summary: 'Why there is no webhook yet',
    acceptsLanguage: true,
    answers: {
      200: {
        description: 'The explanation, as data and in words.',
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
    acceptsLanguage: true,
    answers: { 200: { description: 'The newest 50 attempts.', schema: 'AttemptList', headers: ['content-language'] } },
    problems: ['not_found'],
  },
  'POST /v1/registrations/:id/resend': {
    ...DELIVERY,
    operationId: 'resendWebhook',
    summary: 'Send its webhook now',
    description:
      'It keeps its `webhook-id`, and may be delivered, waiting or exhausted. Its retry schedule starts from the beginning. At most 10 times a minute.',
    answers: { 202: { description: 'It is due now.', schema: 'Registration' } },
    problems: ['not_found', 'conflict'],
  },
  'POST /v1/resend': {
    ...DELIVERY,
    operationId: 'startResend',
    summary: 'Send all exhausted webhooks of a time span again',
    body: 'ResendRequest',
    answers: { 202: { description: 'Started.', schema: 'Resend', headers: ['location'] } },
  },
  'GET /v1/resend/:id': {
    ...DELIVERY,
    operationId: 'getResend',
    summary: 'The progress of a resend',
    answers: { 200: { description: 'The resend.', schema: 'Resend' } },
    problems: ['not_found'],
  },
  'GET /v1/events': {
    ...DELIVERY,
    operationId: 'listEvents',
    summary: 'Fetch webhooks instead of receiving them, oldest first',
    description:
      'For partners that cannot receive webhooks, or could not for a while. There is nothing new where a page is empty and its `nextCursor` is the `after` of the call; it stays valid. Only a restore of the database ends it: then the answer is 409, and its `nextCursor` is the one to go on with.',
    query: EVENT_QUERY,
    answers: { 200: { description: 'A page.', schema: 'EventList' } },
    problems: ['conflict'],
  },
  'POST /v1/callbacks/test': {
    ...DELIVERY,
    operationId: 'testCallback',
    summary: 'Send idface.test to a callback now',
    body: 'CallbackTestRequest',
    acceptsLanguage: true,
    answers: {
      200: { description: 'The attempt, whatever its outcome.', schema: 'Attempt', headers: ['content-language'] },
    },
  },
  'GET /v1/signing-secrets': {
    ...ACCOUNT,
    operationId: 'listSigningSecrets',
    summary: 'List the live signing secrets, newest first',
    answers: { 200: { description: 'All live secrets, without their text.', schema: 'SigningSecretList' } },
  },
  'POST /v1/signing-secrets/rotate': {
    ...ACCOUNT,
    operationId: 'rotateSigningSecret',
    summary: 'Create a new signing secret',
    description: `During the overlap every webhook carries a signature of each live secret, of which there are at most ${MOST_LIVE_SECRETS}.`,
    body: 'RotateRequest',
    bodyIsOptional: true,
    answers: { 201: { description: 'The new secret.', schema: 'NewSigningSecret' } },
    problems: ['conflict'],
  },
  'DELETE /v1/signing-secrets/:id': {
    ...ACCOUNT,
    operationId: 'deleteSigningSecret',
    summary: 'End an old signing secret before its overlap does',
    description:
      'What is signed from then on has no signature of it. The newest secret cannot be deleted: rotate with an overlap of `0s` instead. Deleting it again changes nothing.',
    answers: { 204: { description: 'Ended.' } },
    problems: ['not_found', 'conflict'],
  },
  'GET /v1/me': {
    ...ACCOUNT,
    operationId: 'getMe',
    summary: 'The partner of this key, its limits and their usage',
    answers: { 200: { description: 'The partner.', schema: 'Me' } },
  },
  'GET /v1/status': {
    ...ACCOUNT,
    operationId: 'getStatus',
    summary: 'How long a new serial waits now, and how your webhooks fare',
    query: STATUS_QUERY,
    answers: { 200: { description: 'As it is now.', schema: 'Status' } },
  },
}
