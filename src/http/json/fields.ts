import { z } from 'zod'
import { PAUSE_REASONS } from '../../core/account.ts'
import type { Words } from '../../core/language.ts'
import { isHarmless, lineForm } from '../../core/line.ts'
import { LISTED_STATES } from '../../core/message.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import { SERIAL, SERIAL_AS_NUMBER, SERIAL_FORM } from '../../core/registration-input.ts'
import type { Account } from '../../store/accounts/rows.ts'
import { timed, ZONE } from './times.ts'
import { mustBeOneOf, packWords } from './validate.ts'

/** Fields that several bodies and responses share. */

/** An id with its prefix, such as `reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH`. */
export const idField = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_\\w{1,60}$`))
/** A text of this form; `message` describes the form. */
export const textField = (form: RegExp, message: string) => z.string(message).regex(form, message)
/** One of these words, or absent. */
export const choiceField = <const T extends readonly string[]>(words: T) => z.enum(words, mustBeOneOf(words)).optional()
/** A serial in a body. */
export const serialField = () =>
  z
    .string({ error: ({ input }) => packWords(typeof input === 'number' ? SERIAL_AS_NUMBER : SERIAL_FORM) })
    .regex(SERIAL, packWords(SERIAL_FORM))
    .meta({ examples: ['16236437872836'] })
/** A name or a reason. */
export const lineField = (longest: number) => {
  const form = packWords(lineForm(longest))
  return z.string(form).trim().min(1, form).max(longest, form).refine(isHarmless, form)
}
export const TEXT_OR_NULL = z.string().nullable()
export const IS_AT_LEAST = z
  .boolean()
  .describe('Whether the numbers are lower bounds: over 5,000 serials, or over 200 partners, wait.')
export const COUNT = z.int().min(0)

/** A time in a response: epoch ms, which `z.decode` writes as ISO 8601 in UTC. */
export const AT = z.codec(z.number(), z.iso.datetime(), {
  decode: at => new Date(at).toISOString(),
  encode: Date.parse,
})
export const AT_OR_NULL = AT.nullable()

/** Names of the quotas, for the document and for the refusal of a partner that has reached one. */
export const QUOTA_NAMES = {
  pending: { en: 'pending registrations', zh: '等待结果的登记' },
  hosts: { en: 'different callback hosts', zh: '不同的回调主机' },
  daily: { en: 'new registrations in 24 hours', zh: '24 小时内的新登记' },
} satisfies Record<string, Words>
const quotaField = (name: keyof typeof QUOTA_NAMES) =>
  COUNT.nullable().describe(`Limit of ${QUOTA_NAMES[name].en}; null: none.`)
export const QUOTAS = z.object({
  pending: quotaField('pending'),
  hosts: quotaField('hosts'),
  daily: quotaField('daily'),
})
export const QUOTA_KEYS = QUOTAS.keyof().options

/** Whether an account is paused, and why. */
export const PAUSE = {
  paused: z.boolean().describe('While it is paused, its serials are not polled and no registration expires.'),
  reason: z.enum(PAUSE_REASONS).nullable().describe('Why it is paused.'),
  code: z.int().nullable().describe('The upstream code that paused it.'),
  since: AT_OR_NULL.describe('Since when it is paused.'),
}
export const pauseFacts = (account: Pick<Account, 'pausedAt' | 'pauseReason' | 'pauseCode'>) => ({
  paused: account.pausedAt !== null,
  reason: account.pauseReason,
  code: account.pauseCode,
  since: account.pausedAt,
})

/** A callback URL that fails or is held. */
export const CALLBACK_TROUBLE = z.object({
  callbackUrl: z.string().describe('The callback URL in its normalised form.'),
  state: z
    .enum(['failing', 'disabled', 'gone'])
    .describe(
      '`failing`: every attempt since `since` has failed. `disabled`: for five days, so its webhooks are held. `gone`: it answered 410, so they are held.',
    ),
  since: AT.describe('When this state began.'),
  heldSince: AT_OR_NULL.describe('Since when its webhooks are held; null: they are sent.'),
  lastError: TEXT_OR_NULL.describe(
    'How the last attempt failed: `http_503`, or the `error` of an attempt; null after a 410.',
  ),
  held: COUNT.describe('Webhooks that are held, counted up to 1,000.'),
})

/** Description of a secret in a response. */
export const SHOWN_ONCE = 'It is shown only once.'

/** Durations such as `24h`, as `readDuration` reads them; for OpenAPI. */
export const DURATION_PATTERN = '^\\d{1,9}(ms|s|m|h|d)$'

/** Search parameters of registrations, for partners and operators alike. */
export const SEARCHED_BY = {
  status: choiceField(REGISTRATION_STATUSES).describe('Only registrations in this state.'),
  delivery: choiceField(LISTED_STATES).describe(
    'Only registrations with a webhook in this state; `pending`: not delivered yet; `held`: those of them that wait for their URL, which answered 410 or is disabled.',
  ),
  host: textField(
    /^[\w.:[\]-]{1,260}$/,
    packWords({
      en: 'must be the host of a callback URL, with its port where the URL names one',
      zh: '必须是回调地址的主机；地址中写明端口的，须带上端口',
    }),
  )
    .optional()
    .describe('The host of the callback URL, with its port if the URL has one.'),
  since: timed('Only those created then or later.').optional(),
  until: timed('Only those created then or earlier.').optional(),
  zone: ZONE,
}
