import { z } from 'zod'
import type { ActName } from '../../core/act.ts'
import { createApiKey } from '../../core/api-key.ts'
import { MAX_NAME } from '../../core/line.ts'
import { newPartner } from '../../core/new-partner.ts'
import type { Partner } from '../../store/partners/partners.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, AT_OR_NULL, COUNT, idField, lineField, QUOTAS, SHOWN_ONCE } from '../json/fields.ts'
import { listOf, PAGE_QUERY, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { readOne, timed, ZONE } from '../json/times.ts'
import { invalid, packWords, TRUE_OR_FALSE } from '../json/validate.ts'
import { CONTACT, viewContact } from '../partner/contact.ts'
import { KEY, viewKey } from '../partner/keys.ts'
import { ACT, WHY } from './authorize.ts'

const NEW_PARTNER = z.strictObject({ name: lineField(MAX_NAME), ...WHY })
const PAYLOAD = packWords({
  en: 'must be full, or thin (without the scores and the message)',
  zh: '必须是 full，或 thin（不含分数和 message）',
})
const QUOTA = packWords({
  en: 'must be a whole number from 0 to 1000000000, or null for no limit',
  zh: '必须是 0 到 1000000000 的整数，或用 null 表示不限',
})
const quota = z.int(QUOTA).min(0, QUOTA).max(1_000_000_000, QUOTA).nullable().optional()
const PARTNER_CHANGE = z.strictObject({
  name: NEW_PARTNER.shape.name.optional(),
  disabled: z.boolean(TRUE_OR_FALSE).optional(),
  payload: z.enum(['full', 'thin'], PAYLOAD).optional(),
  quotas: z.strictObject({ pending: quota, hosts: quota, daily: quota }).optional(),
  ...WHY,
})

const PARTNER = z.object({
  id: idField('partner'),
  name: z.string(),
  disabled: z.boolean(),
  payload: z.enum(['full', 'thin']).describe('`thin` webhooks leave out the scores and the message.'),
  quotas: QUOTAS,
  createdAt: AT,
})

const PARTNER_DETAIL = PARTNER.extend({
  contact: CONTACT.nullable().describe('Where the partner is notified that its URLs fail; null: nowhere.'),
})

const LISTED_PARTNER = z.object({
  ...PARTNER.shape,
  pending: COUNT.describe('Registrations that wait for a verdict.'),
  lastUsedAt: AT_OR_NULL.describe('When one of its keys was last used, to the minute; null: never.'),
})

const CREATED_PARTNER = z.strictObject({
  partnerId: idField('partner'),
  name: z.string(),
  apiKey: z.string().describe(SHOWN_ONCE),
  signingSecret: z.string().describe(SHOWN_ONCE),
})

/** An act that disables or enables a partner is named so, whatever else it changes. */
const actOf = ({ disabled }: { disabled?: boolean | undefined }, before: Partner): ActName => {
  if (disabled === undefined || disabled === before.disabled) return 'partner.change'
  return disabled ? 'partner.disable' : 'partner.enable'
}

export const viewPartner = (partner: Partner) => z.decode(PARTNER, partner)

/** `/v1/admin/partners` */
export const PARTNER_CALLS = {
  'GET /v1/admin/partners': adminOperation({
    role: 'read',
    operationId: 'listPartners',
    summary: 'List partners, oldest first',
    query: PAGE_QUERY,
    answers: { 200: listOf(LISTED_PARTNER) },
    handle: async (c, { store }, { query: { limit, cursor } }) => {
      const page = await store.listPartners({ limit, after: cursor ?? null })
      return c.json(viewPage(page, one => z.decode(LISTED_PARTNER, one)))
    },
  }),
  'POST /v1/admin/partners': adminOperation({
    role: 'admin',
    act: 'partner.create',
    operationId: 'createPartner',
    summary: 'Create a partner with its first key and signing secret',
    description: 'The key and the secret are shown only in this answer: hand them to the partner.',
    body: NEW_PARTNER,
    answers: { 201: CREATED_PARTNER },
    problems: ['conflict'],
    handle: async (c, { store, newId, random }, { body: { name } }) => {
      const { partner, apiKey, signingSecret } = newPartner(name, { newId, random })
      await c.get('beginAct')(partner.id, { after: { name } })
      await store.createPartner(partner)
      c.header('location', `/v1/admin/partners/${partner.id}`)
      return c.json(
        { partnerId: partner.id, name, apiKey, signingSecret } satisfies z.output<typeof CREATED_PARTNER>,
        201,
      )
    },
  }),
  'GET /v1/admin/partners/:id': adminOperation({
    role: 'read',
    operationId: 'getPartner',
    summary: 'Get a partner',
    id: 'partner',
    answers: { 200: PARTNER_DETAIL },
    handle: async (c, { store }, { id }) => {
      const partner = found(await store.findPartner(id), 'partner')
      const contact = await store.findContact(id)
      return c.json(z.decode(PARTNER_DETAIL, { ...partner, contact: contact && viewContact(contact.url) }))
    },
  }),
  'PATCH /v1/admin/partners/:id': adminOperation({
    role: 'admin',
    act: 'partner.change',
    operationId: 'changePartner',
    summary: 'Change a partner',
    description:
      'Only the fields in the body change. The keys of a disabled partner stop working, and nothing is polled or sent for it; nothing is lost.',
    id: 'partner',
    body: PARTNER_CHANGE,
    answers: { 200: PARTNER },
    problems: ['conflict'],
    handle: async (c, { store }, { id, body: { reason: _, ...change } }) => {
      const before = found(await store.findPartner(id), 'partner')
      await c.get('beginAct')(id, { act: actOf(change, before), before: viewPartner(before), after: change })
      return c.json(viewPartner(found(await store.changePartner(id, change), 'partner')))
    },
  }),
} satisfies AdminCalls

export const EXPIRY = {
  en: 'must be a time in the future, in ISO 8601 with its offset, such as 2027-11-24T08:00:00Z',
  zh: '必须是将来的时间，格式为带时区偏移的 ISO 8601，例如 2027-11-24T08:00:00Z',
}
export const ENDS_AT = timed('', EXPIRY).meta({
  description: 'When it ends: a time, or a day (`2027-11-24`, in `zone`).',
})
const NEW_KEY = z.strictObject({ expiresAt: ENDS_AT.nullable().optional(), zone: ZONE, ...WHY })

const CREATED_KEY = z.strictObject({
  id: idField('key'),
  partnerId: idField('partner'),
  apiKey: z.string().describe(SHOWN_ONCE),
  expiresAt: AT_OR_NULL,
})

/** `/v1/admin/partners/:id/keys`, `/v1/admin/keys` */
export const KEY_CALLS = {
  'GET /v1/admin/partners/:id/keys': adminOperation({
    role: 'read',
    operationId: 'listKeys',
    summary: "List a partner's API keys",
    id: 'partner',
    answers: { 200: listOf(KEY) },
    handle: async (c, { store }, { id }) => {
      const keys = found(await store.listKeys(id), 'partner')
      return c.json({ data: keys.map(viewKey), nextCursor: null })
    },
  }),
  'POST /v1/admin/partners/:id/keys': adminOperation({
    role: 'admin',
    act: 'key.create',
    operationId: 'createKey',
    summary: 'Create an API key',
    description: 'It is shown only in this answer. The partner’s other keys are not affected.',
    id: 'partner',
    body: NEW_KEY,
    answers: { 201: CREATED_KEY },
    handle: async (c, { store, newId, random, now }, { id: partnerId, body }) => {
      const expiresAt = readOne('expiresAt', body, { now: now(), source: 'body' })
      if (expiresAt !== null && expiresAt <= now()) throw invalid('body', [{ path: 'expiresAt', message: EXPIRY }])
      const { id, hash, text } = createApiKey(newId('key'), random)
      await c.get('beginAct')(id, { after: { partnerId, expiresAt: z.decode(AT_OR_NULL, expiresAt) } })
      found(await store.createKey(partnerId, { id, hash, expiresAt }), 'partner')
      return c.json(z.decode(CREATED_KEY, { id, partnerId, apiKey: text, expiresAt }), 201)
    },
  }),
  'DELETE /v1/admin/keys/:id': adminOperation({
    role: 'admin',
    act: 'key.revoke',
    operationId: 'revokeKey',
    summary: 'Revoke an API key',
    description: 'It stops working within two seconds. Revoking it again changes nothing.',
    query: ACT,
    id: 'key',
    answers: { 204: null },
    handle: async (c, { store }, { id }) => {
      await c.get('beginAct')(id)
      found(await store.revokeKey(id), 'key')
      return c.body(null, 204)
    },
  }),
} satisfies AdminCalls
