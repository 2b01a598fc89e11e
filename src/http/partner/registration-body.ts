import { z } from 'zod'
import { type Read, readExpiry, readMetadata, SERIAL } from '../../core/registration-input.ts'

/** Judges a callback URL: the normalised one, or what would be right. */
export type JudgeUrl = (text: unknown) => { ok: true; href: string } | { ok: false; message: string }

const IDCARDID = 'must be a string of 1 to 64 letters, digits, "_" and "-", and not "0"'
const ACCOUNT = 'must be a string: the id or the APIID of an account'

/** A field that one of our own readers takes apart, and that keeps its description for OpenAPI. */
const readWith =
  <In, Out>(read: (input: In) => Read<Out>) =>
  (input: In, ctx: z.RefinementCtx): Out => {
    const result = read(input)
    if (result.ok) return result.value
    ctx.addIssue({ code: 'custom', message: result.message })
    return z.NEVER
  }

/** The body of `POST /v1/registrations`; comes out with the URL normalised and the times as epoch ms. */
export const createRegistrationBody = ({ judgeUrl, now }: { judgeUrl: JudgeUrl; now: () => number }) => {
  const readUrl = (text: unknown): Read<string> => {
    const verdict = judgeUrl(text)
    return verdict.ok ? { ok: true, value: verdict.href } : verdict
  }
  return z.strictObject(
    {
      idcardid: z
        .string(IDCARDID)
        .regex(SERIAL, IDCARDID)
        .meta({ description: 'The serial that Submit returned, as a string.', examples: ['16236437872836'] }),
      callbackUrl: z
        .unknown()
        .transform(readWith(readUrl))
        .meta({
          type: 'string',
          format: 'uri',
          maxLength: 2048,
          description: 'Where the webhook goes.',
          examples: ['https://partner.example/hook'],
        }),
      metadata: z
        .unknown()
        .transform(readWith(readMetadata))
        .meta({
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Your own notes, 2 KiB at most as JSON; the webhook brings them back.',
          examples: [{ order: '42' }],
        })
        .optional(),
      expiresAt: z
        .unknown()
        .transform(readWith(input => readExpiry(input, now())))
        .meta({
          type: ['string', 'integer'],
          description: 'When the link ends: ISO 8601, or the epoch in seconds or milliseconds. At most 400 days ahead.',
          examples: ['2026-11-25T08:00:00Z', 1795593600],
        })
        .optional(),
      account: z.string(ACCOUNT).min(1, ACCOUNT).optional().meta({
        description: 'The upstream account, by its id or APIID; without it the default one.',
      }),
    },
    // Of the object itself; the fields have their own.
    { error: issue => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) },
  )
}

export type RegistrationBodySchema = ReturnType<typeof createRegistrationBody>
export type RegistrationBody = z.output<RegistrationBodySchema>
