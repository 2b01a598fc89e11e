import { z } from 'zod'
import { MESSAGE_STATES, messageIdOf } from '../../core/message.ts'
import { deliveryWithoutMessage, REGISTRATION_STATUSES } from '../../core/registration.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { REASONS } from '../../core/verification.ts'
import type { FoundRegistration } from '../../store/registration-search.ts'
import { hostOf } from '../../store/rules/lane.ts'
import { errorOf } from '../../store/rules/registration-search.ts'
import { AT, AT_OR_NULL, COUNT, idField, jsonTime, jsonTimeOrNull } from '../json/fields.ts'
import { maskSerial } from './masking.ts'

const ADMIN_ONLY = 'Only for the role `admin`; null for others.'

/** What operators see of a registration, in a list. */
export const FOUND_REGISTRATION = z.strictObject({
  id: idField('reg'),
  partnerId: idField('partner'),
  accountId: z.string(),
  idcardid: z.string().describe('Whole only for the role `admin`: others see its first 4 and last 2 characters.'),
  host: z.string().describe('Of the callback URL.'),
  callbackUrl: z.string().nullable().describe(ADMIN_ONLY),
  status: z.enum(REGISTRATION_STATUSES),
  reason: z.enum(REASONS).nullable(),
  delivery: z.strictObject({
    messageId: idField('msg').nullable().describe('The `webhook-id`.'),
    state: z.enum(MESSAGE_STATES),
    attempts: COUNT,
    nextAttemptAt: AT_OR_NULL,
    error: z.string().nullable().describe('Why the last attempt failed, where it has not arrived.'),
    lastAttemptAt: AT_OR_NULL,
  }),
  createdAt: AT,
  resolvedAt: AT_OR_NULL,
})

export const seesAll = (role: Role): boolean => includesRole(role, 'admin')

export const viewFound = (found: FoundRegistration, role: Role): z.output<typeof FOUND_REGISTRATION> => {
  const { id, message, callbackUrl } = found
  return {
    id,
    partnerId: found.partnerId,
    accountId: found.accountId,
    idcardid: seesAll(role) ? found.idcardid : maskSerial(found.idcardid),
    host: hostOf(callbackUrl),
    callbackUrl: seesAll(role) ? callbackUrl : null,
    status: found.status,
    reason: found.reason,
    delivery: {
      messageId: message && messageIdOf(id),
      state: message?.state ?? deliveryWithoutMessage(found.status),
      attempts: message?.attempts ?? 0,
      nextAttemptAt: jsonTimeOrNull(message?.claimedAt ?? message?.dueAt ?? null),
      error: errorOf(found),
      lastAttemptAt: jsonTimeOrNull(message?.lastAttempt?.at ?? null),
    },
    createdAt: jsonTime(found.createdAt),
    resolvedAt: jsonTimeOrNull(found.resolvedAt),
  }
}
