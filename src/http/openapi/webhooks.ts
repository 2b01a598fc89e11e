import { z } from 'zod'
import { AT, id } from './parts.ts'

/** What callbacks are sent; `webhookBody` in `core/message.ts` writes it. */

const REASON = z.enum(['expired', 'not_found', 'gone', 'invalid_id', 'unknown_status'])
const TEXT = z.string().nullable().optional()

const webhook = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.strictObject({
    type: z.literal(type),
    timestamp: AT,
    data: z.strictObject({
      registrationId: id('reg'),
      idcardid: z.string(),
      ...data,
      message: TEXT.describe('Not there in a `thin` webhook, like the scores.'),
      livingScore: TEXT,
      similarity: TEXT,
      metadata: z.record(z.string(), z.string()),
      observedAt: AT.describe('The verdict changed between `previousPollAt` and this.'),
      previousPollAt: AT.nullable().describe('Null when the first poll brought the verdict.'),
      sandbox: z.literal(true).exactOptional().describe('A test serial: nobody was checked.'),
    }),
  })

/** By the name each has in the document. */
export const WEBHOOKS = {
  SucceededWebhook: webhook('idface.succeeded', { status: z.literal('SUCCESS'), reason: z.null() }),
  FailedWebhook: webhook('idface.failed', { status: z.literal('FAIL'), reason: z.null() }),
  UnresolvedWebhook: webhook('idface.unresolved', {
    status: z.string().nullable().describe('The last raw status of the upstream.'),
    reason: REASON,
  }),
  TestWebhook: webhook('idface.test', { status: z.null(), reason: z.null() }),
}
