import { z } from 'zod'
import { ROLES } from '../../core/role.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'

const OPERATOR = z.object({
  id: z.string().describe('The id of the token, or `ADMIN_TOKEN`: the `who` of the audit.'),
  name: z.string(),
  role: z.enum(ROLES),
})

/** `GET /v1/admin/me`: the operator of the token. */
export const OPERATOR_CALLS = {
  'GET /v1/admin/me': adminOperation({
    role: 'read',
    operationId: 'getOperator',
    summary: 'Get the operator of this token, with its role',
    answers: { 200: OPERATOR },
    handle: c => c.json(z.decode(OPERATOR, c.get('operator'))),
  }),
} satisfies AdminCalls
