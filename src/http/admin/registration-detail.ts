import { z } from 'zod'
import type { Role } from '../../core/role.ts'
import { hostOf } from '../../store/rules/lane.ts'
import type { Account, Explanation, Partner } from '../../store/store.ts'
import { AT_OR_NULL, COUNT, idField, jsonTimeOrNull, PAUSE, viewPause } from '../json/fields.ts'
import { ANSWER_KIND } from '../partner/explain.ts'
import { REGISTRATION, viewRegistration } from '../partner/registration-answer.ts'
import { maskSerial } from './masking.ts'
import { seesAll } from './registration-view.ts'

const ADMIN_ONLY = 'Only for the role `admin`; null for others.'

/** A registration with all that an operator asks about first. */
export const REGISTRATION_DETAIL = z.strictObject({
  ...REGISTRATION.shape,
  idcardid: z.string().describe('Whole only for the role `admin`: others see its first 4 and last 2 characters.'),
  callbackUrl: z.string().nullable().describe(ADMIN_ONLY),
  metadata: REGISTRATION.shape.metadata.nullable().describe(ADMIN_ONLY),
  result: REGISTRATION.shape.result.describe('Without its message and scores, but for the role `admin`.'),
  host: z.string(),
  partner: z.strictObject({ id: idField('partner'), name: z.string().nullable(), disabled: z.boolean().nullable() }),
  account: z.strictObject({ id: z.string(), account: z.string().nullable().describe('The APIID.'), ...PAUSE }),
  polling: z.strictObject({
    polls: COUNT,
    lastAnswer: ANSWER_KIND.nullable(),
    code: z.int().nullable().describe('The code of that GetResult answer.'),
    status: z.string().nullable().describe('The last status in a GetResult answer, as it was sent.'),
    lastPolledAt: AT_OR_NULL,
    nextPollAt: AT_OR_NULL,
  }),
  heldSince: AT_OR_NULL.describe('Since when the callback URL has been on hold after a 410.'),
})

interface Facts {
  explanation: Explanation
  partner: Partner | null
  account: Account | null
}

export const viewDetail = (
  { explanation, partner, account }: Facts,
  role: Role,
): z.output<typeof REGISTRATION_DETAIL> => {
  const { registration, queue } = explanation
  const whole = viewRegistration(registration)
  const result = whole.result && { status: whole.result.status, message: null, livingScore: null, similarity: null }
  return {
    ...whole,
    ...(seesAll(role) ? {} : { idcardid: maskSerial(whole.idcardid), callbackUrl: null, metadata: null, result }),
    host: hostOf(registration.callbackUrl),
    partner: { id: registration.partnerId, name: partner?.name ?? null, disabled: partner?.disabled ?? null },
    account: { id: explanation.account.id, account: account?.apiId ?? null, ...viewPause(explanation.account) },
    polling: {
      polls: registration.polls,
      lastAnswer: explanation.lastAnswer,
      code: explanation.lastCode,
      status: explanation.rawStatus,
      lastPolledAt: jsonTimeOrNull(registration.lastPolledAt),
      nextPollAt: jsonTimeOrNull(queue ? queue.at : registration.nextPollAt),
    },
    heldSince: jsonTimeOrNull(explanation.heldSince),
  }
}
