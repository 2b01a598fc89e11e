import type { Context } from 'hono'
import { z } from 'zod'
import { LONGEST_REASON } from '../../core/line.ts'
import { lineField } from '../json/fields.ts'
import { hasBody, readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'

/** Why an operator does something; the audit keeps it. */
export const REASON = lineField(LONGEST_REASON).describe('Why, for the audit.')

/** The field of every act. */
export const WHY = { reason: REASON.optional() }
/** The body, which may be left out, of acts that need nothing else, and the query of those that have no body. */
export const ACT = z.strictObject(WHY)

/** Reads the body of an act, and remembers its reason for the audit. */
export const readAct = async <T extends { reason?: string | undefined }>(
  c: Context<ApiEnv>,
  schema: z.ZodType<T>,
): Promise<T> => {
  const body = await readBody(c, schema)
  c.set('reason', body.reason ?? null)
  return body
}

/** The same where the body may be left out. */
export const readReason = async (c: Context<ApiEnv>): Promise<void> => {
  if (hasBody(c)) await readAct(c, ACT)
}
