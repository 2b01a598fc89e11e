import { z } from 'zod'
import { createAdminToken } from '../../core/api-key.ts'
import { MAX_NAME } from '../../core/line.ts'
import { ROLES } from '../../core/role.ts'
import type { AdminToken } from '../../store/operators/admin-tokens.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, AT_OR_NULL, idField, lineField, SHOWN_ONCE } from '../json/fields.ts'
import { cursorField, listOf, PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { readOne, ZONE } from '../json/times.ts'
import { invalid, mustBeOneOf } from '../json/validate.ts'
import { ACT, WHY } from './authorize.ts'
import { ENDS_AT, EXPIRY } from './partners.ts'

const TOKEN = z.object({
  id: idField('token'),
  name: z.string().describe('Whose it is; the audit shows it.'),
  role: z.enum(ROLES),
  createdAt: AT,
  lastUsedAt: AT_OR_NULL,
  expiresAt: AT_OR_NULL,
  revoked: z.boolean(),
})
const CREATED_TOKEN = TOKEN.extend({ token: z.string().describe(SHOWN_ONCE) })

export const viewToken = ({ revokedAt, ...token }: AdminToken) =>
  z.decode(TOKEN, { ...token, revoked: revokedAt !== null })

/** `/v1/admin/tokens`: of operators, beside `ADMIN_TOKEN`. */
export const TOKEN_CALLS = {
  'GET /v1/admin/tokens': adminOperation({
    role: 'admin',
    operationId: 'listTokens',
    summary: 'List the tokens of operators, oldest first',
    query: z.strictObject({ limit: PAGE_PARAMETERS.limit, cursor: cursorField(z.string()) }),
    answers: { 200: listOf(TOKEN) },
    handle: async (c, { store }, { query: { limit, cursor = null } }) =>
      c.json(viewPage(await store.listAdminTokens({ limit, after: cursor }), viewToken)),
  }),
  'POST /v1/admin/tokens': adminOperation({
    role: 'admin',
    act: 'admin_token.create',
    operationId: 'createToken',
    summary: 'Create a token for an operator',
    description:
      'It is shown only in this answer. `read` only sees; `operate` also pauses, resends and the like; `admin` also creates partners, keys, accounts and tokens.',
    body: z.strictObject({
      name: lineField(MAX_NAME),
      role: z.enum(ROLES, mustBeOneOf(ROLES)),
      expiresAt: ENDS_AT.nullable().optional(),
      zone: ZONE,
      ...WHY,
    }),
    answers: { 201: CREATED_TOKEN },
    handle: async (c, { store, newId, random, now }, { body }) => {
      const { name, role } = body
      const expiresAt = readOne('expiresAt', body, { now: now(), source: 'body' })
      if (expiresAt !== null && expiresAt <= now()) throw invalid('body', [{ path: 'expiresAt', message: EXPIRY }])
      const { id, text, hash } = createAdminToken(newId('token'), random)
      await c.get('beginAct')(id, { after: { name, role, expiresAt: z.decode(AT_OR_NULL, expiresAt) } })
      const token = await store.createAdminToken({ id, hash, name, role, expiresAt })
      return c.json({ ...viewToken(token), token: text } satisfies z.output<typeof CREATED_TOKEN>, 201)
    },
  }),
  'DELETE /v1/admin/tokens/:id': adminOperation({
    role: 'admin',
    act: 'admin_token.revoke',
    operationId: 'revokeToken',
    summary: 'Revoke a token of an operator',
    description:
      'It stops working within two seconds, and so do console sessions and links made with it. Revoking it again changes nothing.',
    query: ACT,
    id: 'token',
    answers: { 204: null },
    handle: async (c, { store }, { id }) => {
      await c.get('beginAct')(id)
      found(await store.revokeAdminToken(id), 'token')
      return c.body(null, 204)
    },
  }),
} satisfies AdminCalls
