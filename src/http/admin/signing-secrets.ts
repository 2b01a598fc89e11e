import type { Context } from 'hono'
import { z } from 'zod'
import type { ApiEnv, PartDeps } from '../api-env.ts'
import type { AdminCalls } from '../calls.ts'
import { found, readId } from '../json/problem.ts'
import { readQuery } from '../json/validate.ts'
import { endSecret, listSecrets, ROTATION, rotateSecret, SECRET_CALLS } from '../partner/signing-secrets.ts'
import { readAct, WHY } from './authorize.ts'
import { PARTNER_ID } from './search.ts'

const ROTATION_ACT = z.strictObject({ ...ROTATION.shape, ...WHY })
const END = z.strictObject({ partner: PARTNER_ID.describe('Whose it is: the id of the partner.'), ...WHY })

const partnerOf = async (c: Context<ApiEnv>, { store }: PartDeps): Promise<string> =>
  found(await store.findPartner(readId(c.req.param('id'), 'partner')), 'partner').id

/** What a partner does by `/v1/signing-secrets`, for operators. */
export const PARTNER_SECRET_CALLS = {
  'GET /v1/admin/partners/:id/signing-secrets': {
    ...SECRET_CALLS['GET /v1/signing-secrets'],
    role: 'read',
    operationId: 'listSigningSecrets',
    description: "With what the partner's webhooks are signed now, without the texts.",
    handle: async (c, deps) => listSecrets(c, deps, await partnerOf(c, deps)),
  },
  'POST /v1/admin/partners/:id/signing-secrets/rotate': {
    ...SECRET_CALLS['POST /v1/signing-secrets/rotate'],
    role: 'admin',
    act: 'secret.rotate',
    operationId: 'rotateSecretOfPartner',
    body: ROTATION_ACT,
    handle: async (c, deps) => {
      const asked = await readAct(c, ROTATION_ACT, { empty: {} })
      return rotateSecret(c, deps, { ...asked, partnerId: await partnerOf(c, deps) })
    },
  },
  'DELETE /v1/admin/signing-secrets/:id': {
    ...SECRET_CALLS['DELETE /v1/signing-secrets/:id'],
    role: 'admin',
    act: 'secret.end',
    operationId: 'endSigningSecret',
    query: END,
    handle: async (c, deps) => {
      const { partner, reason } = readQuery(c, END)
      c.set('reason', reason ?? null)
      return endSecret(c, deps, partner)
    },
  },
} satisfies AdminCalls
