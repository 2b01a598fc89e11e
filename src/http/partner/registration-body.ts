import { z } from 'zod'
import { LONGEST_URL } from '../../core/callback-url.ts'
import type { Words } from '../../core/language.ts'
import {
  LONGEST_EXPIRY_DAYS,
  METADATA_BYTES,
  type Read,
  readExpiry,
  readMetadata,
} from '../../core/registration-input.ts'
import { isMisspelt, TEST_SERIAL_FORM } from '../../core/test-serial.ts'
import { serialField } from '../json/fields.ts'
import { said } from '../json/validate.ts'

/** Judges a callback URL: either its normalised form, or a message that says what is allowed. */
export type JudgeUrl = (text: unknown) => { ok: true; href: string } | { ok: false; message: Words }

export const ACCOUNT_FORM = {
  en: 'must be the id or the APIID of an account; leave it out to use the default account',
  zh: '必须是某个账户的 id 或 APIID；不填则使用默认账户',
}

/** A field that one of our own functions reads. Its JSON schema is given by `meta`. */
const readWith =
  <In, Out>(read: (input: In) => Read<Out>) =>
  (input: In, ctx: z.RefinementCtx): Out => {
    const result = read(input)
    if (result.ok) return result.value
    ctx.addIssue({ code: 'custom', message: said(result.message) })
    return z.NEVER
  }

/** The body of `POST /v1/registrations`. Its output has the normalised URL, and times as epoch ms. */
export const createRegistrationBody = ({
  judgeUrl,
  now,
  sandbox,
}: {
  judgeUrl: JudgeUrl
  now: () => number
  sandbox: boolean
}) => {
  const readUrl = (text: unknown): Read<string> => {
    const verdict = judgeUrl(text)
    return verdict.ok ? { ok: true, value: verdict.href } : verdict
  }
  return z
    .strictObject({
      idcardid: serialField()
        .refine(serial => !sandbox || !isMisspelt(serial), said(TEST_SERIAL_FORM))
        .describe('The serial that Submit returned, as a string.'),
      callbackUrl: z
        .unknown()
        .transform(readWith(readUrl))
        .meta({
          type: 'string',
          format: 'uri',
          maxLength: LONGEST_URL,
          description: 'Where the webhook is sent.',
          examples: ['https://partner.example/hook'],
        }),
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
        .transform(readWith(input => readExpiry(input, now())))
        .meta({
          type: ['string', 'integer'],
          description: `When the link expires: ISO 8601, or the epoch in seconds or milliseconds; at most ${LONGEST_EXPIRY_DAYS} days ahead.`,
        })
        .optional(),
      account: z.string(said(ACCOUNT_FORM)).min(1, said(ACCOUNT_FORM)).optional().meta({
        description: 'The id or the APIID of the upstream account; the default account if it is left out.',
      }),
    })
    .meta({ id: 'RegistrationRequest' })
}

export type RegistrationBodySchema = ReturnType<typeof createRegistrationBody>
export type RegistrationBody = z.output<RegistrationBodySchema>
