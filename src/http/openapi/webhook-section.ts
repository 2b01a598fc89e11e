import type { WEBHOOKS } from './webhooks.ts'

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
    'The same on every attempt; what came twice has it twice, so remember it.',
    'msg_01KAW2X5G0Q8T3M6V9Y1B4D7FH',
  ),
  header('webhook-timestamp', 'When this attempt was signed, as epoch seconds. Refuse what is old.', '1795509800'),
  header(
    'webhook-signature',
    'Of `{webhook-id}.{webhook-timestamp}.{body}`, one for each live secret, separated by spaces: `v1,` and the base64 of HMAC-SHA256 under `whsec_…`, or `v1a,` and that of ed25519 for `whpk_…`.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
  header('webhook-attempt', 'Which attempt this is, from 1.', '1'),
  header('user-agent', 'Who sends it.', 'idface-notifier/0.1.0'),
]

const RESPONSES = {
  '2XX': { description: 'Taken. The body is not looked at.' },
  '410': { description: 'Never again: this message ends, and the URL is held until it is registered or resent.' },
  '429': { description: 'Not now. `Retry-After` moves the next attempt later, 24 h at most.' },
  '503': { description: 'Not now, like 429.' },
  default: { description: 'Not taken, redirects included: it is tried again by the schedule.' },
}

const webhook = (schema: keyof typeof WEBHOOKS, [operationId, summary]: [string, string]) => ({
  post: {
    operationId,
    tags: ['Webhooks'],
    summary,
    security: [],
    parameters: HEADERS,
    requestBody: {
      required: true,
      description: 'Verify the signature over these very bytes, and parse them afterwards.',
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
    },
    responses: RESPONSES,
  },
})

/** What is sent to callback URLs: Standard Webhooks (https://www.standardwebhooks.com). */
export const webhookSection = {
  'idface.succeeded': webhook('SucceededWebhook', ['onSucceeded', 'The person was verified']),
  'idface.failed': webhook('FailedWebhook', ['onFailed', 'The person was not verified']),
  'idface.unresolved': webhook('UnresolvedWebhook', ['onUnresolved', 'There will be no verdict']),
  'idface.test': webhook('TestWebhook', ['onTest', 'What POST /v1/callbacks/test sends']),
}
