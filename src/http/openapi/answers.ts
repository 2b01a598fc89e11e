import { z } from 'zod'
import { ACCOUNT_FAULTS, ANSWER_KINDS, AT, AT_OR_NULL, COUNT, id, listOf, QUOTAS } from './parts.ts'

/** What the API answers partners, as it is documented and as the views are typed. */

const REASON = z
  .enum(['expired', 'not_found', 'gone', 'invalid_id', 'unknown_status'])
  .nullable()
  .describe(
    'Why it is `unresolved`: the deadline passed; the upstream never knew the serial; it no longer does; it calls it malformed; it keeps answering a status that is not documented.',
  )
const STATUS = z.enum(['pending', 'succeeded', 'failed', 'unresolved', 'cancelled'])
const DELIVERY_STATE = z.enum(['pending', 'delivered', 'exhausted'])
const MESSAGE_TYPE = z.enum(['idface.succeeded', 'idface.failed', 'idface.unresolved', 'idface.test'])
const METADATA = z.record(z.string(), z.string()).readonly().describe('What the registration brought.')
const SCORE = z.string().nullable().describe('As the upstream sent it; null where it sent nothing.')

const VERDICT = z.strictObject({
  status: z.enum(['SUCCESS', 'FAIL']),
  message: z.string().nullable(),
  livingScore: SCORE,
  similarity: SCORE,
})

const REGISTRATION = z.strictObject({
  id: id('reg'),
  idcardid: z.string().describe('The serial that Submit returned.'),
  callbackUrl: z.string().describe('Normalised.'),
  metadata: METADATA,
  status: STATUS,
  reason: REASON,
  result: VERDICT.nullable().describe('Null until there is a verdict.'),
  polls: COUNT,
  lastPolledAt: AT_OR_NULL,
  nextPollAt: AT_OR_NULL,
  delivery: z.strictObject({
    messageId: id('msg').nullable().describe('The `webhook-id`.'),
    state: DELIVERY_STATE,
    attempts: COUNT,
    nextAttemptAt: AT_OR_NULL,
  }),
  createdAt: AT,
  expiresAt: AT,
  resolvedAt: AT_OR_NULL,
})

const ATTEMPT = z.strictObject({
  at: AT,
  outcome: z
    .enum(['delivered', 'rejected', 'gone', 'failed'])
    .describe('2xx; any other answer; 410, which ends the message; no answer at all.'),
  httpStatus: z.int().nullable(),
  error: z.string().nullable().describe('Why there was no answer.'),
  durationMs: z.number().min(0),
  responseExcerpt: z.string().nullable().describe('The first 1 KiB of what the receiver answered.'),
})

const EXPLANATION = z.strictObject({
  registrationId: id('reg'),
  status: STATUS,
  reason: REASON,
  language: z.enum(['en', 'zh']),
  sentence: z.string().describe('All of the below in words.'),
  at: AT,
  polling: z.strictObject({
    lastAnswer: z.enum(ANSWER_KINDS).nullable(),
    code: z.int().nullable().describe('The code of GetResult.'),
    status: z.string().nullable().describe('Its last raw status.'),
    polls: COUNT,
    lastPolledAt: AT_OR_NULL,
    nextPollAt: AT_OR_NULL,
  }),
  account: z.strictObject({
    paused: z.boolean(),
    reason: z.enum(ACCOUNT_FAULTS).nullable(),
    code: z.int().nullable().describe('The upstream code that paused it.'),
    since: AT_OR_NULL,
  }),
  delivery: z.strictObject({
    type: MESSAGE_TYPE.nullable(),
    messageId: id('msg').nullable(),
    state: DELIVERY_STATE,
    attempts: COUNT,
    lastAttempt: ATTEMPT.nullable(),
    nextAttemptAt: AT_OR_NULL,
    heldSince: AT_OR_NULL.describe('Since when the callback URL is held after a 410.'),
  }),
})

/** RFC 9457; `http/problem.ts` writes it. */
const PROBLEM = z.strictObject({
  type: z.string().describe('Its page says what to do.'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .exactOptional()
    .describe('Every invalid field or parameter.'),
})

const BATCH_ANSWER = z.strictObject({
  results: z
    .array(
      z.union([
        z.strictObject({ status: z.union([z.literal(201), z.literal(200)]), registration: REGISTRATION }),
        z.strictObject({ status: z.int().min(400).max(599), problem: PROBLEM }),
      ]),
    )
    .describe('One for each registration, in their order.'),
})

const EVENT = z.strictObject({
  messageId: id('msg'),
  registrationId: id('reg'),
  type: MESSAGE_TYPE,
  createdAt: AT,
  delivery: DELIVERY_STATE,
  body: z.string().describe('The very text of the webhook; verify it with `headers`, then parse it.'),
  headers: z
    .strictObject({ 'webhook-id': z.string(), 'webhook-timestamp': z.string(), 'webhook-signature': z.string() })
    .describe('Freshly signed.'),
})

const EVENT_LIST = z.strictObject({
  data: z.array(EVENT),
  nextCursor: z.string().describe('Always there: pass it as `after` to go on where this answer ended.'),
})

const RESEND = z.strictObject({
  id: id('resend'),
  since: AT,
  until: AT,
  count: COUNT.describe('Messages that there were to resend.'),
  resent: COUNT,
  done: z.boolean(),
})

const SIGNING_SECRET = z.strictObject({
  id: id('secret'),
  type: z.enum(['v1', 'v1a']),
  createdAt: AT,
  expiresAt: AT_OR_NULL.describe('When it stops signing; null: not planned.'),
})

const NEW_SIGNING_SECRET = z.strictObject({
  id: id('secret'),
  type: z.enum(['v1', 'v1a']),
  secret: z.string().describe('Shown this once. `whsec_…` for `v1`, the public key `whpk_…` for `v1a`.'),
})

const ME = z.strictObject({
  partnerId: id('partner'),
  name: z.string(),
  payload: z.enum(['full', 'thin']),
  rate: z.strictObject({ perSecond: z.number(), burst: z.number() }),
  quotas: QUOTAS,
  usage: z.strictObject({ pending: COUNT, hosts: COUNT, daily: COUNT }),
})

export type RegistrationAnswer = z.output<typeof REGISTRATION>
export type AttemptAnswer = z.output<typeof ATTEMPT>
export type ExplanationAnswer = z.output<typeof EXPLANATION>
export type ProblemAnswer = z.output<typeof PROBLEM>
export type EventAnswer = z.output<typeof EVENT>
export type ResendAnswer = z.output<typeof RESEND>
export type SigningSecretAnswer = z.output<typeof SIGNING_SECRET>
export type NewSigningSecretAnswer = z.output<typeof NEW_SIGNING_SECRET>
export type MeAnswer = z.output<typeof ME>

/** By the name each has in the document. */
export const PARTNER_ANSWERS = {
  Registration: REGISTRATION,
  RegistrationList: listOf(REGISTRATION),
  BatchResults: BATCH_ANSWER,
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
  Problem: PROBLEM,
}
