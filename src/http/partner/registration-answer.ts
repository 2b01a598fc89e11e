import { z } from 'zod'
import { ATTEMPT_ERRORS, MESSAGE_STATES } from '../../core/message.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import { REASONS } from '../../core/verification.ts'
import { ATTEMPT_KINDS, type Attempt, type Registration } from '../../store/registration.ts'
import { AT, AT_OR_NULL, COUNT, idField, jsonTime, jsonTimeOrNull } from '../json/fields.ts'
import { attemptErrorText, type Language } from './explain-texts.ts'

export const STATUS = z.enum(REGISTRATION_STATUSES)
export const DELIVERY_STATE = z.enum(MESSAGE_STATES)
export const REASON = z
  .enum(REASONS)
  .nullable()
  .describe(
    'Why it is `unresolved`: the deadline passed; the upstream never knew the serial; it no longer knows it; it calls it malformed; it keeps answering with an undocumented status.',
  )
const SCORE = z.string().nullable().describe('As the upstream sent it; null if it sent nothing.')

export const REGISTRATION = z.strictObject({
  id: idField('reg'),
  idcardid: z.string().describe('The serial that Submit returned.'),
  callbackUrl: z.string().describe('In its normalised form.'),
  metadata: z.record(z.string(), z.string()).readonly().describe('As it was registered.'),
  status: STATUS,
  reason: REASON,
  result: z
    .strictObject({
      status: z.enum(['SUCCESS', 'FAIL']),
      message: z.string().nullable(),
      livingScore: SCORE,
      similarity: SCORE,
    })
    .nullable()
    .describe('Null until there is a verdict.'),
  polls: COUNT,
  lastPolledAt: AT_OR_NULL,
  nextPollAt: AT_OR_NULL.describe(
    'In a queue: since when it is due, in a list; about when it will be asked, where this registration alone is read.',
  ),
  delivery: z.strictObject({
    messageId: idField('msg').nullable().describe('The `webhook-id`.'),
    state: DELIVERY_STATE,
    attempts: COUNT,
    nextAttemptAt: AT_OR_NULL,
  }),
  createdAt: AT,
  expiresAt: AT,
  resolvedAt: AT_OR_NULL,
})
export type RegistrationAnswer = z.output<typeof REGISTRATION>

export const ATTEMPT = z.strictObject({
  at: AT,
  outcome: z.enum(ATTEMPT_KINDS).describe('A 2xx; any other answer; a 410, which ends the message; no answer at all.'),
  httpStatus: z.int().nullable(),
  error: z
    .string()
    .nullable()
    .describe(
      `Why there was no answer: ${ATTEMPT_ERRORS.map(error => `\`${error}\``).join(', ')}. All but the first three are told in the operator’s own networks alone; elsewhere they are \`no_response\`, so that nobody scans a network with webhooks.`,
    ),
  errorText: z.string().nullable().describe('The same in words, in the language of `Accept-Language`.'),
  durationMs: z.number().min(0),
  responseExcerpt: z.string().nullable().describe('The first 1 KiB of the body that the receiver answered with.'),
})
export type AttemptAnswer = z.output<typeof ATTEMPT>

/** A registration as its partner sees it. */
export const viewRegistration = (registration: Registration): RegistrationAnswer => ({
  id: registration.id,
  idcardid: registration.idcardid,
  callbackUrl: registration.callbackUrl,
  metadata: registration.metadata,
  status: registration.status,
  reason: registration.reason,
  result: registration.verdict && {
    status: registration.verdict.status,
    message: registration.verdict.message,
    livingScore: registration.verdict.livingScore,
    similarity: registration.verdict.similarity,
  },
  polls: registration.polls,
  lastPolledAt: jsonTimeOrNull(registration.lastPolledAt),
  nextPollAt: jsonTimeOrNull(registration.nextPollAt),
  delivery: {
    messageId: registration.delivery.messageId,
    state: registration.delivery.state,
    attempts: registration.delivery.attempts,
    nextAttemptAt: jsonTimeOrNull(registration.delivery.nextAttemptAt),
  },
  createdAt: jsonTime(registration.createdAt),
  expiresAt: jsonTime(registration.expiresAt),
  resolvedAt: jsonTimeOrNull(registration.resolvedAt),
})

export const viewAttempt = (attempt: Attempt, language: Language): AttemptAnswer => ({
  at: jsonTime(attempt.at),
  outcome: attempt.outcome,
  httpStatus: attempt.httpStatus,
  error: attempt.error,
  errorText: attempt.error && attemptErrorText(attempt.error, language),
  durationMs: attempt.durationMs,
  responseExcerpt: attempt.responseExcerpt,
})
