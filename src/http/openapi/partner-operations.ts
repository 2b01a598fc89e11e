import { MOST_LIVE_SECRETS } from '../../store/partners/signing-secrets.ts'
import { listOf } from '../json/pagination.ts'
import { createCallbackTestBody } from '../partner/callback-test.ts'
import { EVENT_LIST, EVENT_QUERY } from '../partner/events.ts'
import { EXPLANATION } from '../partner/explain.ts'
import { LOOKUP_BODY, LOOKUP_RESULTS } from '../partner/lookup.ts'
import { ME } from '../partner/me.ts'
import {
  ATTEMPT,
  BATCH_BODY,
  BATCH_RESULTS,
  createRegistrationBody,
  type JudgeUrl,
  REGISTRATION,
} from '../partner/registration-schemas.ts'
import { LIST_QUERY, WAIT_QUERY } from '../partner/registrations.ts'
import { RESEND, RESEND_BODY } from '../partner/resends.ts'
import { NEW_SIGNING_SECRET, ROTATION, SIGNING_SECRET } from '../partner/signing-secrets.ts'
import { STATUS_ANSWER, STATUS_QUERY } from '../partner/status.ts'
import { MOST_LOOKUP_RESULTS } from '../rates.ts'
import type { Operations } from './operation.ts'

/** Only the shape of a body is described, which is the same whatever the service accepts. */
const judgeUrl: JudgeUrl = () => ({ ok: false, message: { en: '', zh: '' } })

/** What partners call, by tag. Each is named like the verb of the client that makes the call. */
export const PARTNER_OPERATIONS = {
  Registrations: {
    'POST /v1/registrations': {
      operationId: 'register',
      summary: 'Register a serial',
      description:
        'The registration is durable before the answer is sent, and the request may be repeated: the same `idcardid` and `callbackUrl` return the existing registration, with 200 and, in `idface-ignored`, the fields that are otherwise; after `unresolved` or `cancelled` they are registered anew, with a new `id`. If the verdict is known already, the webhook is sent at once.',
      body: createRegistrationBody({ judgeUrl, now: () => 0, sandbox: false }),
      answers: { 201: REGISTRATION, 200: REGISTRATION },
      problems: ['conflict', 'forbidden'],
    },
    'POST /v1/registrations/batch': {
      operationId: 'registerBatch',
      summary: 'Register up to 1,000 serials',
      description:
        'Every item has its own result, and an invalid item does not affect the others. The body may have up to 1 MiB. A batch costs what it holds: if the partner’s rate of registrations does not suffice for all of it, the answer is 429 and nothing of it is taken.',
      body: BATCH_BODY,
      answers: { 200: BATCH_RESULTS },
    },
    'POST /v1/registrations/lookup': {
      operationId: 'lookup',
      summary: 'Look up 1,000 serials at most in one call',
      description: `For one call after an outage: all your registrations of each serial, in the order of the request. A serial that is unknown, or another partner’s, has none. An answer holds ${MOST_LOOKUP_RESULTS} registrations at most: if the serials have more together, it is 422, and you ask for fewer at a time.`,
      body: LOOKUP_BODY,
      answers: { 200: LOOKUP_RESULTS },
    },
    'GET /v1/registrations': {
      operationId: 'listRegistrations',
      summary: 'List registrations, newest first',
      description:
        'Where `nextCursor` is not null, there is another page: pass it as `cursor`. A page looks at 10,000 registrations at most, so with a filter it may be short, or empty, and have a `nextCursor`. To ask for many serials at once, `POST /v1/registrations/lookup`.',
      query: LIST_QUERY,
      answers: { 200: listOf(REGISTRATION) },
    },
    'GET /v1/registrations/:id': {
      operationId: 'getRegistration',
      summary: 'Get a registration, or wait for its verdict',
      description:
        'With `wait` the answer comes as soon as there is a verdict, at most that much later: the registration is in its present state then, which may be `pending` still.',
      query: WAIT_QUERY,
      answers: { 200: REGISTRATION },
    },
    'DELETE /v1/registrations/:id': {
      operationId: 'cancel',
      summary: 'Cancel a registration',
      description: 'It is not polled any more and sends no webhook. Cancelling it again changes nothing.',
      answers: { 204: null },
    },
    'POST /v1/registrations/:id/poll': {
      operationId: 'poll',
      summary: 'Ask the upstream now',
      description: 'A hint that the user has come back from the verification.',
      answers: { 202: REGISTRATION },
      problems: ['conflict'],
    },
    'GET /v1/registrations/:id/explain': {
      operationId: 'explain',
      summary: 'Why there is no webhook yet',
      description:
        'The last answer of the upstream, the next poll, whether the account is paused and why, the last attempt and the next: as data, and in one sentence in the language that `accept-language` asks for.',
      answers: { 200: EXPLANATION },
    },
  },
  Delivery: {
    'GET /v1/registrations/:id/attempts': {
      operationId: 'attempts',
      summary: 'List the attempts to deliver its webhook, oldest first',
      description:
        'What was sent when, and what your receiver answered. Of one message the newest 50 attempts are kept.',
      answers: { 200: listOf(ATTEMPT) },
    },
    'POST /v1/registrations/:id/resend': {
      operationId: 'resend',
      summary: 'Resend its webhook',
      description:
        'It keeps its `webhook-id`, and may be delivered, waiting or exhausted. Its retry schedule starts from the beginning. At most 10 times a minute.',
      answers: { 202: REGISTRATION },
      problems: ['conflict'],
    },
    'POST /v1/resend': {
      operationId: 'resendExhausted',
      summary: 'Send all exhausted webhooks of a time span again',
      description:
        'For after an outage of your receiver. They are sent in the background, each with its `webhook-id`, and its retry schedule starts from the beginning. At most 10 times a minute, and 10 at once.',
      body: RESEND_BODY,
      answers: { 202: RESEND },
    },
    'GET /v1/resend/:id': {
      operationId: 'getResend',
      summary: 'The progress of a resend',
      description: 'How many of its webhooks are due again, and whether that is all.',
      answers: { 200: RESEND },
    },
    'GET /v1/events': {
      operationId: 'events',
      summary: 'Fetch webhooks instead of receiving them, oldest first',
      description:
        'For partners that cannot receive webhooks, or could not for a while. There is nothing new where a page is empty and its `nextCursor` is the `after` of the call; it stays valid. Only a restore of the database ends it: then the answer is 409, and its `nextCursor` is the one to go on with.',
      query: EVENT_QUERY,
      answers: { 200: EVENT_LIST },
      problems: ['conflict'],
    },
    'POST /v1/callbacks/test': {
      operationId: 'testCallback',
      summary: 'Send idface.test to a callback now',
      description:
        'The attempt is signed like every webhook, and its answer does not change your registrations; a good one enables a URL that is disabled. One a second, ten at once.',
      body: createCallbackTestBody(judgeUrl),
      answers: { 200: ATTEMPT },
    },
  },
  Account: {
    'GET /v1/signing-secrets': {
      operationId: 'signingSecrets',
      summary: 'List the live signing secrets, newest first',
      description: 'With what your webhooks are signed now. The texts of secrets are shown only when they are created.',
      answers: { 200: listOf(SIGNING_SECRET) },
    },
    'POST /v1/signing-secrets/rotate': {
      operationId: 'rotateSigningSecret',
      summary: 'Create a new signing secret',
      description: `During the overlap every webhook carries a signature of each live secret, of which there are at most ${MOST_LIVE_SECRETS}.`,
      body: ROTATION,
      answers: { 201: NEW_SIGNING_SECRET },
      problems: ['conflict'],
    },
    'DELETE /v1/signing-secrets/:id': {
      operationId: 'deleteSigningSecret',
      summary: 'End an old signing secret before its overlap does',
      description:
        'What is signed from then on has no signature of it. The newest secret cannot be deleted: rotate with an overlap of `0s` instead. Deleting it again changes nothing.',
      answers: { 204: null },
      problems: ['conflict'],
    },
    'GET /v1/me': {
      operationId: 'me',
      summary: 'The partner of this key, its limits and their usage',
      description: 'A first call that shows whether a key works.',
      answers: { 200: ME },
    },
    'GET /v1/status': {
      operationId: 'status',
      summary: 'How long a new serial waits now, and how your webhooks fare',
      description:
        'Whether GetResult answers, whether the account is paused, how many serials go before a new one and how long that takes, your deliveries of the last hour, and the callback URLs that need you.',
      query: STATUS_QUERY,
      answers: { 200: STATUS_ANSWER },
    },
  },
} satisfies Record<string, Operations>
