import { z } from 'zod'
import { ACCOUNT_FAULTS, AT, AT_OR_NULL, id, listOf, QUOTAS } from './parts.ts'

/** What the API answers the operator, and what it answers everybody. */

const PARTNER = z.strictObject({
  id: id('partner'),
  name: z.string(),
  disabled: z.boolean(),
  payload: z.enum(['full', 'thin']).describe('`thin` webhooks leave out the scores and the message.'),
  quotas: QUOTAS,
  createdAt: AT,
})

const NEW_PARTNER = z.strictObject({
  partnerId: id('partner'),
  name: z.string(),
  apiKey: z.string().describe('Shown this once.'),
  signingSecret: z.string().describe('Shown this once.'),
})

const KEY = z.strictObject({
  id: id('key'),
  createdAt: AT,
  lastUsedAt: AT_OR_NULL.describe('To the minute.'),
  expiresAt: AT_OR_NULL,
  revoked: z.boolean(),
})

const NEW_KEY = z.strictObject({
  id: id('key'),
  partnerId: id('partner'),
  apiKey: z.string().describe('Shown this once.'),
  expiresAt: AT_OR_NULL,
})

const ACCOUNT = z.strictObject({
  id: z.string(),
  account: z.string().describe('The APIID.'),
  mode: z.enum(['dynamic', 'static']),
  rate: z.number().describe('Calls a second.'),
  partnerId: id('partner').nullable().describe('The only partner that may use it; null: all.'),
  paused: z.boolean(),
  reason: z.enum(ACCOUNT_FAULTS).nullable(),
  code: z.int().nullable().describe('The upstream code that paused it.'),
  since: AT_OR_NULL,
})

const HEALTH = z.strictObject({ status: z.literal('ok') })

const READINESS = z.strictObject({
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), reason: z.string().nullable() })),
})

export type PartnerAnswer = z.output<typeof PARTNER>
export type NewPartnerAnswer = z.output<typeof NEW_PARTNER>
export type KeyAnswer = z.output<typeof KEY>
export type NewKeyAnswer = z.output<typeof NEW_KEY>
export type AccountAnswer = z.output<typeof ACCOUNT>
export type HealthAnswer = z.output<typeof HEALTH>
export type ReadinessAnswer = z.output<typeof READINESS>

/** By the name each has in the document. */
export const ADMIN_ANSWERS = {
  Partner: PARTNER,
  PartnerList: listOf(PARTNER),
  NewPartner: NEW_PARTNER,
  Key: KEY,
  KeyList: listOf(KEY),
  NewKey: NEW_KEY,
  Account: ACCOUNT,
  AccountList: listOf(ACCOUNT),
  Health: HEALTH,
  Readiness: READINESS,
}
