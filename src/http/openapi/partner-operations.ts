import { MOST_LIVE_SECRETS } from '../../store/signing-secret.ts'
import { EVENT_QUERY, LOST_CURSOR } from '../partner/events.ts'
import { MOST_FOUND } from '../partner/lookup.ts'
import { LIST_QUERY, NOT_POLLED, RESEND_LIMIT, RESEND_REFUSALS, WAIT_QUERY } from '../partner/registrations.ts'
import { TOO_MANY_RESENDS } from '../partner/resends.ts'
import { NEWEST_SECRET, TOO_MANY_SECRETS } from '../partner/signing-secrets.ts'
import { STATUS_QUERY } from '../partner/status.ts'
import { NEW_REGISTRATION } from './examples.ts'
import type { Operation, Operations } from './operation.ts'

const REGISTRATIONS = { tag: 'Registrations', access: 'partner' } as const satisfies Partial<Operation>
const DELIVERY = { tag: 'Delivery', access: 'partner' } as const satisfies Partial<Operation>
const ACCOUNT = { tag: 'Account', access: 'partner' } as const satisfies Partial<Operation>

const REGISTRATION_RATE = {
  detail: {
    en: 'You may register 200 serials a second, in bursts of 2000. Nothing of this request was taken.',
    zh: '每秒最多登记 200 个流水号，突发上限为 2000。本次请求的内容均未受理。',
  },
}

/** What partners call. Each is named like the verb of the client that makes the call. */
export const PARTNER_OPERATIONS: Operations = {
  'POST /v1/registrations': {
    ...REGISTRATIONS,
    operationId: 'register',
    summary: 'Register a serial',
    description:
      'The registration is durable before the answer is sent, and the request may be repeated: the same `idcardid` and `callbackUrl` return the existing registration; after `unresolved` or `cancelled` they are registered anew, with a new `id`. If the verdict is known already, the webhook is sent at once.',
    body: 'RegistrationRequest',
    answers: {
      201: { description: 'Registered.', schema: 'Registration', headers: ['location'], example: NEW_REGISTRATION },
      200: { description: 'It existed already.', schema: 'Registration', headers: ['location', 'idface-ignored'] },
    },
    problems: {
      conflict: [
        { detail: { en: 'This serial is registered by another partner.', zh: '该流水号已由其他合作方登记。' } },
        {
          detail: {
            en: 'This serial has 100 registrations already, which is the most that one may have.',
            zh: '该流水号已有 100 条登记，达到单个流水号的上限。',
          },
        },
      ],
      forbidden: [
        {
          detail: {
            en: 'You have reached your limit of 3 different callback hosts.',
            zh: '已达到您的配额上限：不同的回调主机最多 3 个。',
          },
        },
      ],
      too_many_requests: [
        REGISTRATION_RATE,
        {
          detail: {
            en: 'You have reached your limit of 10000 new registrations in 24 hours.',
            zh: '已达到您的配额上限：24 小时内的新登记最多 10000 个。',
          },
        },
      ],
    },
  },
  'POST /v1/registrations/batch': {
    ...REGISTRATIONS,
    operationId: 'registerBatch',
    summary: 'Register up to 1,000 serials',
    description:
      'Every item has its own result, and an invalid item does not affect the others. The body may have up to 1 MiB. A batch costs what it holds: if the partner’s rate of registrations does not suffice for all of it, the answer is 429 and nothing of it is taken.',
    body: 'BatchRequest',
    answers: {
      200: { description: 'The result of every item.', schema: 'BatchResults', headers: ['content-language'] },
    },
    problems: {
      payload_too_large: [{ detail: { en: 'The body must be at most 1024 KiB.', zh: '请求体不能超过 1024 KiB。' } }],
      too_many_requests: [REGISTRATION_RATE],
    },
  },
  'POST /v1/registrations/lookup': {
    ...REGISTRATIONS,
    operationId: 'lookup',
    summary: 'Look up 1,000 serials at most in one call',
    description: `For one call after an outage: all your registrations of each serial, in the order of the request. A serial that is unknown, or another partner’s, has none. An answer holds ${MOST_FOUND} registrations at most: if the serials have more together, it is 422, and you ask for fewer at a time.`,
    body: 'LookupRequest',
    answers: { 200: { description: 'The registrations of every serial.', schema: 'LookupResults' } },
    problems: {
      payload_too_large: [{ detail: { en: 'The body must be at most 128 KiB.', zh: '请求体不能超过 128 KiB。' } }],
    },
  },
  'GET /v1/registrations': {
    ...REGISTRATIONS,
    operationId: 'listRegistrations',
    summary: 'List registrations, newest first',
    description:
      'Where `nextCursor` is not null, there is another page: pass it as `cursor`. To ask for many serials at once, `POST /v1/registrations/lookup`.',
    query: LIST_QUERY,
    answers: { 200: { description: 'A page.', schema: 'RegistrationList' } },
  },
  'GET /v1/registrations/:id': {
    ...REGISTRATIONS,
    operationId: 'getRegistration',
    summary: 'Get a registration, or wait for its verdict',
    description:
      'With `wait` the answer comes as soon as there is a verdict, at most that much later: the registration is in its present state then, which may be `pending` still.',
    query: WAIT_QUERY,
    answers: { 200: { description: 'The registration in its present state.', schema: 'Registration' } },
  },
  'DELETE /v1/registrations/:id': {
    ...REGISTRATIONS,
    operationId: 'cancel',
    summary: 'Cancel a registration',
    description: 'It is not polled any more and sends no webhook. Cancelling it again changes nothing.',
    answers: { 204: { description: 'Cancelled.' } },
  },
  'POST /v1/registrations/:id/poll': {
    ...REGISTRATIONS,
    operationId: 'poll',
    summary: 'Ask the upstream now',
    description: 'A hint that the user has come back from the verification.',
    answers: { 202: { description: 'It is due now; in a queue it goes first.', schema: 'Registration' } },
    problems: {
      conflict: [
        {
          detail: NOT_POLLED,
        },
      ],
    },
  },
  'GET /v1/registrations/:id/explain': {
    ...REGISTRATIONS,
    operationId: 'explain',
    summary: 'Why there is no webhook yet',
    description:
      'The last answer of the upstream, the next poll, whether the account is paused and why, the last attempt and the next: as data, and in one sentence in the language that `accept-language` asks for.',
    answers: {
      200: {
        description: 'The explanation, as data and in words.',
        schema: 'Explanation',
        headers: ['content-language'],
      },
    },
  },
  'GET /v1/registrations/:id/attempts': {
    ...DELIVERY,
    operationId: 'attempts',
    summary: 'List the attempts to deliver its webhook, oldest first',
    description: 'What was sent when, and what your receiver answered. Of one message the newest 50 attempts are kept.',
    answers: { 200: { description: 'The newest 50 attempts.', schema: 'AttemptList', headers: ['content-language'] } },
  },
  'POST /v1/registrations/:id/resend': {
    ...DELIVERY,
    operationId: 'resend',
    summary: 'Resend its webhook',
    description:
      'It keeps its `webhook-id`, and may be delivered, waiting or exhausted. Its retry schedule starts from the beginning. At most 10 times a minute.',
    answers: { 202: { description: 'It is due now.', schema: 'Registration' } },
    problems: {
      conflict: [
        {
          detail: RESEND_REFUSALS.no_message,
        },
        {
          detail: RESEND_REFUSALS.cancelled,
        },
      ],
      too_many_requests: [{ detail: RESEND_LIMIT }],
    },
  },
  'POST /v1/resend': {
    ...DELIVERY,
    operationId: 'resendExhausted',
    summary: 'Send all exhausted webhooks of a time span again',
    description:
      'For after an outage of your receiver. They are sent in the background, each with its `webhook-id`, and its retry schedule starts from the beginning. At most 10 times a minute, and 10 at once.',
    body: 'ResendRequest',
    answers: { 202: { description: 'Started.', schema: 'Resend', headers: ['location'] } },
    problems: {
      too_many_requests: [{ detail: TOO_MANY_RESENDS }],
    },
  },
  'GET /v1/resend/:id': {
    ...DELIVERY,
    operationId: 'getResend',
    summary: 'The progress of a resend',
    description: 'How many of its webhooks are due again, and whether that is all.',
    answers: { 200: { description: 'The resend.', schema: 'Resend' } },
  },
  'GET /v1/events': {
    ...DELIVERY,
    operationId: 'events',
    summary: 'Fetch webhooks instead of receiving them, oldest first',
    description:
      'For partners that cannot receive webhooks, or could not for a while. There is nothing new where a page is empty and its `nextCursor` is the `after` of the call; it stays valid. Only a restore of the database ends it: then the answer is 409, and its `nextCursor` is the one to go on with.',
    query: EVENT_QUERY,
    answers: { 200: { description: 'A page.', schema: 'EventList' } },
    problems: {
      conflict: [
        {
          detail: LOST_CURSOR,
          nextCursor: 'evt_41_mhw3k2o0',
        },
      ],
    },
  },
  'POST /v1/callbacks/test': {
    ...DELIVERY,
    operationId: 'testCallback',
    summary: 'Send idface.test to a callback now',
    description:
      'The attempt is signed like every webhook, and its answer does not change your registrations; a good one enables a URL that is disabled. One a second, ten at once.',
    body: 'CallbackTestRequest',
    answers: {
      200: { description: 'The attempt, whatever its outcome.', schema: 'Attempt', headers: ['content-language'] },
    },
    problems: {
      too_many_requests: [
        {
          detail: {
            en: 'You may test one callback a second, and ten at once.',
            zh: '每秒最多测试 1 次回调，突发上限为 10 次。',
          },
        },
      ],
    },
  },
  'GET /v1/signing-secrets': {
    ...ACCOUNT,
    operationId: 'signingSecrets',
    summary: 'List the live signing secrets, newest first',
    description: 'With what your webhooks are signed now. The texts of secrets are shown only when they are created.',
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
    problems: {
      conflict: [
        {
          detail: TOO_MANY_SECRETS,
        },
      ],
    },
  },
  'DELETE /v1/signing-secrets/:id': {
    ...ACCOUNT,
    operationId: 'deleteSigningSecret',
    summary: 'End an old signing secret before its overlap does',
    description:
      'What is signed from then on has no signature of it. The newest secret cannot be deleted: rotate with an overlap of `0s` instead. Deleting it again changes nothing.',
    answers: { 204: { description: 'Ended.' } },
    problems: {
      conflict: [
        {
          detail: NEWEST_SECRET,
        },
      ],
    },
  },
  'GET /v1/me': {
    ...ACCOUNT,
    operationId: 'me',
    summary: 'The partner of this key, its limits and their usage',
    description: 'A first call that shows whether a key works.',
    answers: { 200: { description: 'The partner.', schema: 'Me' } },
  },
  'GET /v1/status': {
    ...ACCOUNT,
    operationId: 'status',
    summary: 'How long a new serial waits now, and how your webhooks fare',
    description:
      'Whether GetResult answers, whether the account is paused, how many serials go before a new one and how long that takes, your deliveries of the last hour, and the callback URLs that need you.',
    query: STATUS_QUERY,
    answers: { 200: { description: 'As it is now.', schema: 'Status' } },
  },
}
