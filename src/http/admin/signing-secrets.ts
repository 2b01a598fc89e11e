import { z } from 'zod'
import { type AdminCalls, adminOperation, type Operation } from '../calls.ts'
import { found, readId } from '../json/problem.ts'
import { endSecret, ROTATION, rotateSecret, SECRET_CALLS } from '../partner/signing-secrets.ts'
import { WHY } from './authorize.ts'
import { PARTNER_ID } from './search.ts'

/** The operation for the partner that the path names. */
export const ofPartner = <Of extends Operation>(operation: Of): Of => ({
  ...operation,
  createHandler: (deps, method) => {
    const handle = operation.createHandler(deps, method)
    return async c => {
      const { id } = found(await deps.store.findPartner(readId(c.req.param('id'), 'partner')), 'partner')
      c.set('partnerId', id)
      return handle(c)
    }
  },
})

/** The calls of `/v1/signing-secrets`, for operators. */
export const PARTNER_SECRET_CALLS = {
  'GET /v1/admin/partners/:id/signing-secrets': ofPartner({
    ...SECRET_CALLS['GET /v1/signing-secrets'],
    role: 'read',
    operationId: 'listSigningSecrets',
    description: "The secrets that sign the partner's webhooks now, without their texts.",
  }),
  'POST /v1/admin/partners/:id/signing-secrets/rotate': ofPartner(
    adminOperation({
      ...SECRET_CALLS['POST /v1/signing-secrets/rotate'],
      role: 'admin',
      act: 'secret.rotate',
      operationId: 'rotateSecretOfPartner',
      body: z.strictObject({ ...ROTATION.shape, ...WHY }),
      handle: (c, deps, { body }) => rotateSecret(c, deps, body),
    }),
  ),
  'DELETE /v1/admin/signing-secrets/:id': adminOperation({
    ...SECRET_CALLS['DELETE /v1/signing-secrets/:id'],
    role: 'admin',
    act: 'secret.end',
    operationId: 'endSigningSecret',
    query: z.strictObject({ partner: PARTNER_ID.describe('The id of the partner that owns it.'), ...WHY }),
    id: 'signing secret',
    handle: (c, deps, { query, id }) => {
      c.set('partnerId', query.partner)
      return endSecret(c, deps, id)
    },
  }),
} satisfies AdminCalls
