import { z } from 'zod'
import { MAX_URL } from '../../core/callback-url.ts'
import type { Language } from '../../core/language.ts'
import { ATTEMPT_ORIGINS, COMMON_ERRORS, MESSAGE_STATES, NETWORK_ERRORS } from '../../core/message.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import {
  CITIZEN_ID,
  isCitizenId,
  MAX_EXPIRY_DAYS,
  METADATA_BYTES,
  type Read,
  readExpiry,
  readMetadata,
} from '../../core/registration-input.ts'
import { isMisspelt, readTestSerial, TEST_SERIAL_FORM, TEST_SERIALS_OFF } from '../../core/test-serial.ts'
import { REASONS, type Reason } from '../../core/verification.ts'
import { ATTEMPT_KINDS, type Attempt } from '../../store/messages/message.ts'
import type { Registration } from '../../store/registrations/registration.ts'
import type { ApiDeps } from '../api-env.ts'
import { AT, AT_OR_NULL, COUNT, idField, serialField, TEXT_OR_NULL } from '../json/fields.ts'
import { PROBLEM } from '../json/problem.ts'
import { bodyLike, packWords } from '../json/validate.ts'
import { MAX_BATCH_SIZE } from '../rates.ts'
import { attemptText } from './explain-sentence.ts'

export const ACCOUNT_FORM = {
  en: 'must be the id or the APIID of an account; leave it out to use the default account',
  zh: '必须是某个账户的 id 或 APIID；不填则使用默认账户',
}

/** A field that one of our own functions reads. Its JSON schema is given by `meta`. */
export const readWith =
  <In, Out>(read: (input: In) => Read<Out>) =>
  (input: In, ctx: z.RefinementCtx): Out => {
    const result = read(input)
    if (result.ok) return result.value
    ctx.addIssue({ code: 'custom', message: packWords(result.message), path: result.path ?? [] })
    return z.NEVER
  }

/** A callback URL as a body has it. `judgedUrl` checks it. */
export const CALLBACK_URL = z.string().meta({
  format: 'uri',
  maxLength: MAX_URL,
  description: 'Where the webhook is sent.',
  examples: ['https://partner.example/hook'],
})
/** Its output is the normalised URL. */
export const judgedUrl = (judgeUrl: ApiDeps['judgeUrl']) => z.unknown().transform(readWith(judgeUrl))

/** The body of `POST /v1/registrations`. `checkedRegistration` adds the checks that depend on settings and the time. */
export const REGISTRATION_BODY = z
  .strictObject({
    idcardid: serialField()
      .refine(serial => !isCitizenId(serial), packWords(CITIZEN_ID))
      .describe('The serial that Submit returned, as a string; never the ID card number of a person.'),
    callbackUrl: CALLBACK_URL,
    metadata: z
      .unknown()
      .transform(readWith(readMetadata))
      .meta({
        type: 'object',
        additionalProperties: { type: 'string' },
        description: `Data of your own, which the webhook returns; at most ${METADATA_BYTES} bytes as JSON.`,
        examples: [{ order: '42' }],
      })
      .optional(),
    expiresAt: z
      .unknown()
      .meta({
        type: ['string', 'integer'],
        description: `When the service stops waiting, usually the time at which the link of Submit expires: ISO 8601, or the epoch in seconds or milliseconds; at most ${MAX_EXPIRY_DAYS} days ahead.`,
      })
      .optional(),
    account: z.string(packWords(ACCOUNT_FORM)).min(1, packWords(ACCOUNT_FORM)).optional().meta({
      description: 'The id or the APIID of the upstream account; the default account if it is left out.',
    }),
  })
  .meta({ id: 'RegistrationRequest' })

/** Returns the schema that checks the body. Its output has the normalised URL, and times as epoch ms. */
export const checkedRegistration = ({
  judgeUrl,
  now,
  testSerials,
}: Pick<ApiDeps, 'judgeUrl' | 'now'> & { testSerials: boolean }) =>
  REGISTRATION_BODY.extend({
    idcardid: REGISTRATION_BODY.shape.idcardid.refine(
      serial => !isMisspelt(serial) && (testSerials || readTestSerial(serial) === null),
      packWords(testSerials ? TEST_SERIAL_FORM : TEST_SERIALS_OFF),
    ),
    callbackUrl: judgedUrl(judgeUrl),
    expiresAt: z
      .unknown()
      .transform(readWith(input => readExpiry(input, now())))
      .optional(),
  })
export type RegistrationBody = z.output<ReturnType<typeof checkedRegistration>>

export const STATUS = z
  .enum(REGISTRATION_STATUSES)
  .describe('`pending` until there is a verdict, it is given up (`unresolved`), or it is cancelled.')
export const DELIVERY_STATE = z
  .enum(MESSAGE_STATES)
  .describe(
    'State of the webhook: `delivered` once it was answered with 2xx, `exhausted` once it is given up. If `messageId` is null there is no webhook: `pending`: there may be one later; `exhausted`: there will be none.',
  )
const WHY_UNRESOLVED: Readonly<Record<Reason, string>> = {
  expired: 'the deadline passed',
  not_found: 'the upstream never knew the serial',
  gone: 'it no longer knows it',
  invalid_id: 'it rejects it as malformed',
  unknown_status: 'it keeps answering with an undocumented status',
}
export const REASON = z
  .enum(REASONS)
  .nullable()
  .describe(`Why it is \`unresolved\`: ${Object.values(WHY_UNRESOLVED).join('; ')}.`)
const SCORE = TEXT_OR_NULL.describe('As the upstream sent it; null if it sent nothing.')

export const SANDBOX = z.literal(true).exactOptional().describe('This is a test serial: no person was checked.')

export const REGISTRATION = z
  .object({
    id: idField('reg').describe('The id of the registration.'),
    idcardid: z.string().meta({ description: 'The serial that Submit returned.', examples: ['16236437872836'] }),
    sandbox: SANDBOX,
    callbackUrl: z
      .string()
      .meta({ description: 'The callback URL in its normalised form.', examples: ['https://partner.example/hook'] }),
    metadata: z.custom<Readonly<Record<string, string>>>().meta({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'The metadata as registered.',
      examples: [{ order: '42' }],
    }),
    status: STATUS,
    reason: REASON,
    result: z
      .object({
        status: z.enum(['SUCCESS', 'FAIL']).describe('The verdict, which is final.'),
        message: z.string().nullable().describe('As the upstream sent it.'),
        livingScore: SCORE,
        similarity: SCORE,
      })
      .nullable()
      .describe('Null until there is a verdict.'),
    polls: COUNT.describe('How often the serial was polled.'),
    lastPolledAt: AT_OR_NULL.describe('Null: not polled yet.'),
    nextPollAt: AT_OR_NULL.describe(
      'If the serial is queued: in a list, since when the poll is due; for a single registration, the estimated time of the poll.',
    ),
    delivery: z
      .object({
        messageId: idField('msg').nullable().describe('The `webhook-id`; null until there is a webhook.'),
        state: DELIVERY_STATE,
        attempts: COUNT.describe('The number of attempts.'),
        nextAttemptAt: AT_OR_NULL.describe('Null: no attempt is planned.'),
      })
      .describe('The state of its webhook.'),
    createdAt: AT.describe('When it was registered.'),
    expiresAt: AT.describe(
      'When it is given up if there is no verdict, without the margin that the operator has set: `polling.until` of `explain` has it.',
    ),
    resolvedAt: AT_OR_NULL.describe('When it left `pending`; null until then.'),
  })
  .meta({ id: 'Registration', description: 'A registered serial, with its status, verdict and delivery.' })
export type RegistrationAnswer = z.output<typeof REGISTRATION>

const listed = (errors: readonly string[]): string => errors.map(error => `\`${error}\``).join(', ')

export const ATTEMPT = z
  .object({
    at: AT.describe('When it began.'),
    outcome: z
      .enum(ATTEMPT_KINDS)
      .describe('In this order: a 2xx; any other answer; a 410, which ends the message; no answer.'),
    httpStatus: z
      .int()
      .nullable()
      .meta({ description: 'The HTTP status of the answer; null if there was none.', examples: [200] }),
    error: TEXT_OR_NULL.describe(
      `Why there was no answer: ${listed(COMMON_ERRORS)}; in the operator’s own networks also ${listed(NETWORK_ERRORS)}, which elsewhere are \`no_response\`, so that nobody scans a network with webhooks.`,
    ),
    errorText: z.string().nullable().describe('What to do about it, in the language of `Accept-Language`.'),
    durationMs: z
      .number()
      .min(0)
      .meta({ description: 'From the beginning to the end of the answer, in milliseconds.', examples: [84] }),
    responseExcerpt: z.string().nullable().describe('The first 1 KiB of the body, after the `Location` of a redirect.'),
    origin: z
      .enum(ATTEMPT_ORIGINS)
      .nullable()
      .describe(
        'What it was made for: `first`, the new webhook; `retry`, the schedule after a failure; `resend`. Null for a test, and if an earlier version made it.',
      ),
  })
  .meta({ id: 'Attempt', description: 'One POST of a webhook to your receiver.' })
export type AttemptAnswer = z.output<typeof ATTEMPT>

const REGISTRATIONS = packWords({
  en: `must be an array of 1 to ${MAX_BATCH_SIZE} registrations`,
  zh: `必须是包含 1 到 ${MAX_BATCH_SIZE} 条登记的数组`,
})
export const BATCH_BODY = z
  .strictObject(
    {
      registrations: z
        .array(z.unknown().meta({ $ref: '#/$defs/RegistrationRequest' }), REGISTRATIONS)
        .min(1, REGISTRATIONS)
        .max(MAX_BATCH_SIZE, REGISTRATIONS)
        .describe('Each as in a single registration.'),
    },
    bodyLike('{"registrations": [{"idcardid": "…", "callbackUrl": "…"}, …]}'),
  )
  .meta({ id: 'BatchRequest' })

export const IGNORED = ['metadata', 'expiresAt'] as const
const AS_ALONE = 'As in a single registration.'
export const REFUSED = [403, 409, 422, 429, 503] as const
export const BATCH_RESULTS = z
  .strictObject({
    results: z
      .array(
        // One literal each for 200 and 201: by a comparison, TypeScript excludes only members with one literal.
        z.discriminatedUnion('status', [
          z.strictObject({ status: z.literal(201).describe(AS_ALONE), registration: REGISTRATION }),
          z.strictObject({
            status: z.literal(200).describe(AS_ALONE),
            registration: REGISTRATION,
            ignored: z.array(z.enum(IGNORED)).exactOptional().describe('The fields of the header `idface-ignored`.'),
          }),
          z.strictObject({ status: z.literal(REFUSED).describe(AS_ALONE), problem: PROBLEM }),
        ]),
      )
      .describe('One for each registration, in the same order.'),
  })
  .meta({ id: 'BatchResults' })

/** Returns the facts of a registration by their names in the partner API. */
export const registrationFacts = (registration: Registration) => ({
  ...registration,
  ...(registration.isTest ? { sandbox: true as const } : {}),
  result: registration.verdict,
})

/** A registration as its partner sees it. */
export const viewRegistration = (registration: Registration): RegistrationAnswer =>
  z.decode(REGISTRATION, registrationFacts(registration))

/** A due poll comes at any moment or waits in a queue: `nextPollAt` is now at the earliest, and `GET` estimates it. */
export const viewDue = (registration: Registration, now: number): RegistrationAnswer => {
  const { nextPollAt } = registration
  return viewRegistration({ ...registration, nextPollAt: nextPollAt && Math.max(nextPollAt, now) })
}

export const attemptFacts = (attempt: Attempt, language: Language) => ({
  ...attempt,
  errorText: attemptText(attempt, language),
})

export const viewAttempt = (attempt: Attempt, language: Language): AttemptAnswer =>
  z.decode(ATTEMPT, attemptFacts(attempt, language))
