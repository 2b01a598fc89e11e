import { z } from 'zod'
import { createApiKey } from '../../core/api-key.ts'
import { AppError } from '../../core/error.ts'
import { type ApiKey, MAX_OWN_KEYS } from '../../store/partners/api-keys.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, AT_OR_NULL, idField, SHOWN_ONCE } from '../json/fields.ts'
import { listOf } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { keyOf } from './console-links.ts'

export const KEY = z
  .object({
    id: idField('key').describe('The part after `key_` stands in the key, after `ifn_`.'),
    createdAt: AT.describe('When it was created.'),
    lastUsedAt: AT_OR_NULL.describe('To the minute.'),
    expiresAt: AT_OR_NULL.describe('Null: it does not expire.'),
    revoked: z.boolean().describe('It has been ended.'),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without its text.' })
export type KeyAnswer = z.output<typeof KEY>
export const viewKey = (key: ApiKey): KeyAnswer => z.decode(KEY, { ...key, revoked: key.revokedAt !== null })

const NEW_KEY = z
  .object({ id: idField('key').describe('The id of the key, to end it.'), apiKey: z.string().describe(SHOWN_ONCE) })
  .meta({ id: 'NewApiKey', description: 'A new API key.' })
export type NewKeyAnswer = z.output<typeof NEW_KEY>

const TOO_MANY = {
  en: `${MAX_OWN_KEYS} API keys are live: end one first.`,
  zh: `有效的 API 密钥已达 ${MAX_OWN_KEYS} 个：请先吊销一个。`,
}
const CALLING = {
  en: 'This is the key of this call: without it you might have none. Create another one, and end this one with that.',
  zh: '这是本次请求所用的密钥，吊销后可能再无可用的密钥。请先新建一个，再用新密钥吊销它。',
}

/** `/v1/keys`: a new key beside the old one, then the end of the old one. A key cannot end itself. */
export const OWN_KEY_CALLS = {
  'GET /v1/keys': operation({
    operationId: 'apiKeys',
    summary: 'List your API keys, oldest first',
    description:
      'With the last 50 that have been ended. Their texts are shown only when they are created. Not by a console link.',
    answers: { 200: listOf(KEY) },
    problems: ['forbidden'],
    handle: async (c, { store }) => {
      keyOf(c)
      const keys = found(await store.listKeys(c.get('partnerId')), 'key')
      return c.json({ data: keys.map(viewKey), nextCursor: null })
    },
  }),
  'POST /v1/keys': operation({
    operationId: 'createApiKey',
    summary: 'Create an API key',
    description: `Your other keys go on working; there are at most ${MAX_OWN_KEYS}. After a leak, create one, use it everywhere, end every key that you do not know, rotate the signing secret with an overlap of 0s, and set your contact again. Not by a console link.`,
    body: z.strictObject({}),
    answers: { 201: NEW_KEY },
    problems: ['forbidden', 'conflict'],
    handle: async (c, { store, newId, random }) => {
      keyOf(c)
      const { id, hash, text } = createApiKey(newId('key'), random)
      if (!(await store.addOwnKey(c.get('partnerId'), { id, hash }))) throw new AppError('conflict', TOO_MANY)
      return c.json(z.decode(NEW_KEY, { id, apiKey: text }), 201)
    },
  }),
  'DELETE /v1/keys/:id': operation({
    operationId: 'deleteApiKey',
    summary: 'End an API key',
    description:
      'It stops working within two seconds, and with it the console links that it created. The key of the call cannot be ended: use another one. Ending a key again changes nothing. Not by a console link.',
    id: 'key',
    answers: { 204: null },
    problems: ['forbidden', 'conflict'],
    handle: async (c, { store }, { id }) => {
      const ended = await store.endOwnKey(c.get('partnerId'), id, keyOf(c))
      if (found(ended, 'key') === 'calling') throw new AppError('conflict', CALLING)
      return c.body(null, 204)
    },
  }),
} satisfies PartnerCalls
