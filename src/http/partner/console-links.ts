import type { Context } from 'hono'
import { z } from 'zod'
import { DAY, MINUTE, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { ApiEnv } from '../api-env.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { consoleLinkUrl } from '../console-links.ts'
import { AT, DURATION_PATTERN } from '../json/fields.ts'
import { packWords } from '../json/validate.ts'

export const DEFAULT_LINK_MS = 15 * MINUTE

const TTL = packWords({
  en: 'must be a duration with its unit, such as 15m, from 1m to 24h',
  zh: '必须是数字加单位的时长（例如 15m），在 1m 到 24h 之间',
})
const readTtl = (text: string): number | null => {
  const ms = readDuration(text)
  return ms !== null && ms >= 1 * MINUTE && ms <= 1 * DAY ? ms : null
}
export const LINK_TTL = z
  .string(TTL)
  .transform(readTtl)
  .refine(ms => ms !== null, TTL)
  .meta({ pattern: DURATION_PATTERN, description: 'How long it is valid; 15m by default, from 1m to 24h.' })
  .optional()

export const CONSOLE_LINK = z
  .object({
    url: z.string().meta({
      description: 'Anyone who has it gets in: keep it secret. It is not stored, so it is shown only once.',
      examples: ['https://notifier.example/console/enter?link=ifl_…'],
    }),
    expiresAt: AT.describe('When it expires, and with it the sessions that it opened.'),
  })
  .meta({ id: 'ConsoleLink', description: "A link to the partner's pages." })
export type ConsoleLinkAnswer = z.output<typeof CONSOLE_LINK>

const NOT_BY_LINK = {
  en: 'This needs an API key: a console link cannot create links, set or remove the contact, or manage API keys and signing secrets.',
  zh: '该操作需要 API 密钥；控制台链接不能生成链接、设置或移除通知渠道，也不能管理 API 密钥和签名密钥。',
}
/** Returns the id of the calling key. Throws `AppError('forbidden')` for a link: what it does must end with it. */
export const keyOf = (c: Context<ApiEnv>): string => {
  const keyId = c.get('keyId')
  if (keyId === null) throw new AppError('forbidden', NOT_BY_LINK)
  return keyId
}

/** `POST /v1/console-links`: gives access to the partner's pages without its key. */
export const CONSOLE_LINK_CALLS = {
  'POST /v1/console-links': operation({
    operationId: 'createConsoleLink',
    summary: 'Create a temporary link to your pages of the console',
    description:
      'Anyone who has it can do there what you can, without a key, except for the contact, API keys, signing secrets and further links, until it expires, the key that created it is revoked, or you are disabled.',
    body: z.strictObject({ ttl: LINK_TTL }).meta({ id: 'ConsoleLinkRequest' }),
    answers: { 201: CONSOLE_LINK },
    problems: ['forbidden'],
    handle: (c, deps, { body: { ttl } }) => {
      const keyId = keyOf(c)
      const until = deps.now() + (ttl ?? DEFAULT_LINK_MS)
      const url = consoleLinkUrl(c, deps, { partnerId: c.get('partnerId'), keyId, until })
      return c.json(z.decode(CONSOLE_LINK, { url, expiresAt: until }), 201)
    },
  }),
} satisfies PartnerCalls
