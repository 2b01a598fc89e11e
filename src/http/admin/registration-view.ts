import { z } from 'zod'
import { hostOf } from '../../core/callback-url.ts'
import { messageIdOf } from '../../core/message.ts'
import { deliveryWithoutMessage, maskSerial, REGISTRATION_STATUSES } from '../../core/registration.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { REASONS } from '../../core/verification.ts'
import type { Account } from '../../store/accounts/rows.ts'
import type { Partner } from '../../store/partners/partners.ts'
import type { Explanation } from '../../store/registrations/explanations.ts'
import { errorOf, type FoundRegistration } from '../../store/registrations/filter.ts'
import { AT, AT_OR_NULL, idField, PAUSE, pauseFacts } from '../json/fields.ts'
import { POLLING, pollingFacts } from '../partner/explain.ts'
import { REGISTRATION } from '../partner/registration-schemas.ts'
import { PARTNER_NAME } from './partner-names.ts'

const ADMIN_ONLY_TEXT = z.string().nullable().describe('Only for the role `admin`; null for others.')
const MASKED_SERIAL = z.string().describe('Complete only for the role `admin`: others see its last 2 characters.')

/** A registration in a list for operators. */
export const FOUND_REGISTRATION = z.object({
  id: idField('reg'),
  partnerId: idField('partner'),
  partnerName: PARTNER_NAME,
  accountId: z.string(),
  idcardid: MASKED_SERIAL,
  host: z.string().describe('Of the callback URL.'),
  callbackUrl: ADMIN_ONLY_TEXT,
  status: z.enum(REGISTRATION_STATUSES),
  reason: z.enum(REASONS).nullable(),
  delivery: z.object({
    ...REGISTRATION.shape.delivery.shape,
    error: z.string().nullable().describe('Why the last attempt failed, if the webhook has not arrived.'),
    lastAttemptAt: AT_OR_NULL,
  }),
  createdAt: AT,
  resolvedAt: AT_OR_NULL,
})

export const seesAll = (role: Role): boolean => includesRole(role, 'admin')

export const viewFound = (
  found: FoundRegistration & { partnerName: string | null },
  role: Role,
): z.output<typeof FOUND_REGISTRATION> => {
  const { id, message, callbackUrl } = found
  return z.decode(FOUND_REGISTRATION, {
    ...found,
    idcardid: seesAll(role) ? found.idcardid : maskSerial(found.idcardid),
    host: hostOf(callbackUrl),
    callbackUrl: seesAll(role) ? callbackUrl : null,
    delivery: {
      messageId: message && messageIdOf(id),
      state: message?.state ?? deliveryWithoutMessage(found.status),
      attempts: message?.attempts ?? 0,
      nextAttemptAt: message?.claimedAt ?? message?.dueAt ?? null,
      error: errorOf(found),
      lastAttemptAt: message?.lastAttempt?.at ?? null,
    },
  })
}

/** A registration with the facts that an operator needs first. */
export const REGISTRATION_DETAIL = z.object({
  ...REGISTRATION.shape,
  idcardid: MASKED_SERIAL,
  callbackUrl: ADMIN_ONLY_TEXT,
  metadata: REGISTRATION.shape.metadata.nullable().describe('Null, unless it is revealed.'),
  result: REGISTRATION.shape.result.describe('Its message and scores are null, unless they are revealed.'),
  webhookBody: z
    .string()
    .nullable()
    .describe(
      'The exact text of the webhook; null, unless it is revealed, and if there is none, it is erased or cannot be decrypted.',
    ),
  host: z.string(),
  partner: z.object({ id: idField('partner'), name: z.string().nullable(), disabled: z.boolean().nullable() }),
  account: z.object({ id: z.string(), account: z.string().nullable().describe('The APIID.'), ...PAUSE }),
  polling: z.object(POLLING),
  heldSince: AT_OR_NULL.describe('Since when webhooks to the callback URL are held.'),
})

interface ViewFacts {
  explanation: Explanation
  partner: Partner | null
  account: Account | null
  webhookBody: string | null
}

export const viewDetail = (
  { explanation, partner, account, webhookBody }: ViewFacts,
  { role, revealed }: { role: Role; revealed: boolean },
): z.output<typeof REGISTRATION_DETAIL> => {
  const { registration } = explanation
  const { id, isTest, idcardid, callbackUrl, metadata, status, reason, verdict, delivery } = registration
  const { polls, lastPolledAt, nextPollAt, createdAt, expiresAt, resolvedAt } = registration
  const result = verdict && { status: verdict.status, message: null, livingScore: null, similarity: null }
  return z.decode(REGISTRATION_DETAIL, {
    id,
    ...(isTest && { sandbox: true }),
    status,
    reason,
    delivery,
    polls,
    lastPolledAt,
    nextPollAt,
    createdAt,
    expiresAt,
    resolvedAt,
    ...(seesAll(role) ? { idcardid, callbackUrl } : { idcardid: maskSerial(idcardid), callbackUrl: null }),
    webhookBody,
    ...(revealed ? { metadata, result: verdict } : { metadata: null, result }),
    host: hostOf(callbackUrl),
    partner: { id: registration.partnerId, name: partner?.name ?? null, disabled: partner?.disabled ?? null },
    account: { id: explanation.account.id, account: account?.apiId ?? null, ...pauseFacts(explanation.account) },
    polling: pollingFacts(explanation),
    heldSince: explanation.heldSince,
  })
}
