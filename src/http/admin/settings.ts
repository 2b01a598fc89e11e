import { z } from 'zod'
import { settingsInForce } from '../../config/settings-in-force.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { TEXT_OR_NULL } from '../json/fields.ts'
import { listOf } from '../json/pagination.ts'
import { answerLanguage } from '../language.ts'

const SETTING = z.object({
  name: z.string(),
  group: z.string(),
  default: TEXT_OR_NULL,
  required: z.boolean().describe('The service does not start without it.'),
  secret: z.boolean().describe('Its value is never shown.'),
  meaning: z.string(),
  value: TEXT_OR_NULL.describe('The value as written; null: not set, or secret and not the default.'),
  isDefault: z.boolean().describe('The value in force is the default, or there is no value and no default.'),
})
const SETTINGS = listOf(SETTING)
export type SettingsAnswer = z.output<typeof SETTINGS>

/** `GET /v1/admin/settings`. One page has all. */
export const SETTING_CALLS = {
  'GET /v1/admin/settings': adminOperation({
    role: 'read',
    operationId: 'listSettings',
    summary: 'List the settings of the node that answers, with their defaults',
    description: 'Secrets are left out. Texts are in the language that `accept-language` asks for.',
    answers: { 200: SETTINGS },
    handle: (c, { config }) =>
      c.json({ data: settingsInForce(config, answerLanguage(c)), nextCursor: null } satisfies SettingsAnswer),
  }),
} satisfies AdminCalls
