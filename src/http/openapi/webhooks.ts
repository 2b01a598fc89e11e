import { z } from 'zod'
import { REASONS } from '../../core/verification.ts'
import { AT, idField } from '../json/fields.ts'
import { SANDBOX } from '../partner/registration-schemas.ts'
import type { Components } from './components.ts'

const sent = (example: string | null) =>
  z
    .string()
    .nullable()
    .exactOptional()
    .meta({ description: 'As the upstream sent it; absent in a `thin` webhook.', examples: [example] })
/** Fields that come with a verdict, with an example of each. */
const verdictFields = (message: string | null, livingScore: string | null, similarity: string | null) => ({
  message: sent(message),
  livingScore: sent(livingScore),
  similarity: sent(similarity),
})
const CREATED = AT.describe('When it was created; the same in every attempt.')

/** Body of a webhook about a verification, which `webhookBody` in `core/message.ts` writes. */
const bodyOf = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.strictObject({
    type: z.literal(type),
    timestamp: CREATED,
    data: z.strictObject({
      registrationId: idField('reg').describe('The id from the answer to the registration.'),
      idcardid: z.string().meta({ description: 'The serial as registered.', examples: ['16236437872836'] }),
      ...data,
      metadata: z
        .record(z.string(), z.string())
        .meta({ description: 'The metadata as registered.', examples: [{ order: '42' }] }),
      observedAt: AT.describe('The verdict changed between `previousPollAt` and this time.'),
      previousPollAt: AT.nullable().describe(
        'The last poll that showed the check still open; null if the first poll found the verdict.',
      ),
      sandbox: SANDBOX,
    }),
  })

/** Bodies of the webhooks, by their types. */
export const WEBHOOKS = {
  'idface.succeeded': bodyOf('idface.succeeded', {
    status: z.literal('SUCCESS'),
    reason: z.null(),
    ...verdictFields('认证成功', null, '100'),
  }).meta({ id: 'SucceededWebhook' }),
  'idface.failed': bodyOf('idface.failed', {
    status: z.literal('FAIL'),
    reason: z.null(),
    ...verdictFields('活体检测未通过', '0.21', '45.5'),
  }).meta({ id: 'FailedWebhook' }),
  'idface.unresolved': bodyOf('idface.unresolved', {
    status: z.string().nullable().meta({ description: 'The last status of the upstream, unchanged.' }),
    reason: z.enum(REASONS).describe('Why there will be no verdict.'),
    ...verdictFields(null, null, null),
  }).meta({ id: 'UnresolvedWebhook' }),
  'idface.test': bodyOf('idface.test', {
    status: z.null(),
    reason: z.null(),
    ...verdictFields(null, null, null),
  }).meta({ id: 'TestWebhook' }),
}
type WebhookType = keyof typeof WEBHOOKS

const NAMES: Readonly<Record<WebhookType, readonly [operationId: string, summary: string]>> = {
  'idface.succeeded': ['onSucceeded', 'The person was verified'],
  'idface.failed': ['onFailed', 'The person was not verified'],
  'idface.unresolved': ['onUnresolved', 'There will be no verdict'],
  'idface.test': ['onTest', 'The webhook of POST /v1/callbacks/test'],
}

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string', examples: [example] },
})

const HEADERS = [
  header(
    'webhook-id',
    'The same for every attempt to deliver a message. Store it, to recognise a message that arrives twice.',
    'msg_01KAW2X5G0Q8T3M6V9Y1B4D7FH',
  ),
  header('webhook-timestamp', 'When this attempt was signed, in epoch seconds. Reject old timestamps.', '1795509800'),
  header(
    'webhook-signature',
    'Signatures of `{webhook-id}.{webhook-timestamp}.{body}`, one for each live secret, separated by spaces: `v1,` and the base64 of HMAC-SHA256 with `whsec_…`, or `v1a,` and the base64 of ed25519 for `whpk_…`.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
  header('webhook-attempt', 'The number of this attempt, from 1.', '1'),
  header('user-agent', 'The sender and its version.', 'idface-notifier/0.1.0'),
]

const RESPONSES = {
  '2XX': { description: 'Delivered. The body is ignored.' },
  '410': {
    description:
      'Not retried: this message ends, and the URL is held until it is registered again, or a test or resent message has a 2xx.',
  },
  '429': { description: 'Retried later. `Retry-After` delays the next attempt, by 24 h at most.' },
  '503': { description: 'Retried later, like 429.' },
  default: { description: 'Not delivered. Redirects count as this too. The next attempt follows the retry schedule.' },
}

/** Describes the webhooks that are sent to callback URLs, as Standard Webhooks (https://www.standardwebhooks.com). */
export const createWebhooks = ({ schemaOf }: Components) => {
  const describe = (type: WebhookType) => {
    const [operationId, summary] = NAMES[type]
    const post = {
      operationId,
      tags: ['Webhooks'],
      summary,
      security: [],
      parameters: HEADERS,
      requestBody: {
        required: true,
        description: 'Verify the signature over exactly these bytes, then parse them.',
        content: { 'application/json': { schema: schemaOf(WEBHOOKS[type], 'output') } },
      },
      responses: RESPONSES,
    }
    return { post }
  }
  return Object.fromEntries(Object.keys(WEBHOOKS).map(type => [type, describe(type as WebhookType)]))
}
