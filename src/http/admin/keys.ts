import { Hono } from 'hono'
import { z } from 'zod'
import { createApiKey } from '../../core/api-key.ts'
import type { ApiKey, Store } from '../../store/store.ts'
import { AT, AT_OR_NULL, idField, jsonTime, jsonTimeOrNull, SHOWN_ONCE, timeField } from '../json/fields.ts'
import { found, readId } from '../json/found.ts'
import { noQuery, readQuery } from '../json/query.ts'
import { hasBody } from '../json/request-body.ts'
import { said } from '../json/said.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { ACT, readAct, WHY } from './reason.ts'

export interface AdminKeyDeps {
  store: Pick<Store, 'createKey' | 'listKeys' | 'revokeKey'>
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
  now: () => number
}

const EXPIRY = {
  en: 'must be a time in the future, in ISO 8601 with its offset, such as 2027-11-24T08:00:00Z',
  zh: '必须是将来的时间，格式为带时区偏移的 ISO 8601，例如 2027-11-24T08:00:00Z',
}
export const createKeyBody = ({ now }: Pick<AdminKeyDeps, 'now'>) =>
  z.strictObject({
    expiresAt: timeField(EXPIRY)
      .refine(at => at > now(), said(EXPIRY))
      .nullable()
      .optional(),
    ...WHY,
  })

export const KEY = z.strictObject({
  id: idField('key'),
  createdAt: AT,
  lastUsedAt: AT_OR_NULL.describe('To the minute.'),
  expiresAt: AT_OR_NULL,
  revoked: z.boolean(),
})
type KeyAnswer = z.output<typeof KEY>

export const CREATED_KEY = z.strictObject({
  id: idField('key'),
  partnerId: idField('partner'),
  apiKey: z.string().describe(SHOWN_ONCE),
  expiresAt: AT_OR_NULL,
})

export const viewKey = ({ id, createdAt, lastUsedAt, expiresAt, revokedAt }: ApiKey): KeyAnswer => ({
  id,
  createdAt: jsonTime(createdAt),
  lastUsedAt: jsonTimeOrNull(lastUsedAt),
  expiresAt: jsonTimeOrNull(expiresAt),
  revoked: revokedAt !== null,
})

/** `/v1/admin/partners/:id/keys` */
export const createPartnerKeys = ({ store, newId, random, now }: AdminKeyDeps) => {
  const app = new Hono<ApiEnv>()
  const newKey = createKeyBody({ now })

  app.get('/:id/keys', noQuery, async c => {
    const keys = found(await store.listKeys(readId(c.req.param('id'), 'partner')), 'partner')
    return c.json({ data: keys.map(viewKey), nextCursor: null })
  })

  app.post('/:id/keys', noQuery, async c => {
    const partnerId = readId(c.req.param('id'), 'partner')
    const { expiresAt = null } = hasBody(c) ? await readAct(c, newKey) : {}
    const { id, hash, text } = createApiKey(newId('key'), random)
    await c.get('begin')(id, { after: { partnerId, expiresAt: jsonTimeOrNull(expiresAt) } })
    found(await store.createKey(partnerId, { id, hash, expiresAt }), 'partner')
    return c.json(
      { id, partnerId, apiKey: text, expiresAt: jsonTimeOrNull(expiresAt) } satisfies z.output<typeof CREATED_KEY>,
      201,
    )
  })

  return app
}

/** `/v1/admin/keys` */
export const createAdminKeys = ({ store }: Pick<AdminKeyDeps, 'store'>) => {
  const app = new Hono<ApiEnv>()

  app.delete('/:id', async c => {
    c.set('reason', readQuery(c, ACT).reason ?? null)
    const id = readId(c.req.param('id'), 'key')
    await c.get('begin')(id)
    found(await store.revokeKey(id), 'key')
    return c.body(null, 204)
  })

  return app
}
