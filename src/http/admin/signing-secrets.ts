import { z } from 'zod'
import type { AdminCalls, Handle } from '../calls.ts'
import { found, readId } from '../json/problem.ts'
import { readQuery } from '../json/validate.ts'
import { ROTATION, rotateSecret, SECRET_CALLS } from '../partner/signing-secrets.ts'
import { readAct, WHY } from './authorize.ts'
import { PARTNER_ID } from './search.ts'

const ROTATION_ACT = z.strictObject({ ...ROTATION.shape, ...WHY })
const END = z.strictObject({ partner: PARTNER_ID.describe('The id of the partner that owns it.'), ...WHY })

/** Handles the call as the partner that the path names. */
const ofPartner =
  (handle: Handle): Handle =>
  async (c, deps) => {
    const { id } = found(await deps.store.findPartner(readId(c.req.param('id'), 'partner')), 'partner')
    c.set('partnerId', id)
    return handle(c, deps)
  }
const LIST = SECRET_CALLS['GET /v1/signing-secrets']
const DELETE = SECRET_CALLS['DELETE /v1/signing-secrets/:id']

/** The calls of `/v1/signing-secrets`, for operators. */
export const PARTNER_SECRET_CALLS = {
  'GET /v1/admin/partners/:id/signing-secrets': {
    ...LIST,
    role: 'read',
    operationId: 'listSigningSecrets',
    description: "The secrets that sign the partner's webhooks now, without their texts.",
    handle: ofPartner(LIST.handle),
  },
  'POST /v1/admin/partners/:id/signing-secrets/rotate': {
    ...SECRET_CALLS['POST /v1/signing-secrets/rotate'],
    role: 'admin',
    act: 'secret.rotate',
    operationId: 'rotateSecretOfPartner',
    body: ROTATION_ACT,
    handle: ofPartner(async (c, deps) => rotateSecret(c, deps, await readAct(c, ROTATION_ACT, { empty: {} }))),
  },
  'DELETE /v1/admin/signing-secrets/:id': {
    ...DELETE,
    role: 'admin',
    act: 'secret.end',
    operationId: 'endSigningSecret',
    query: END,
    handle: (c, deps) => {
      const { partner, reason = null } = readQuery(c, END)
      c.set('reason', reason)
      c.set('partnerId', partner)
      return DELETE.handle(c, deps)
    },
  },
} satisfies AdminCalls
