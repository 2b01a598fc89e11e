import { z } from 'zod'
import { RUNNING } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { publicErrorOf } from '../../core/message.ts'
import { roundedRate } from '../../core/show-sizes.ts'
import type { PartnerStatus } from '../../store/partners/status.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, AT_OR_NULL, CALLBACK_TROUBLE, COUNT, IS_AT_LEAST, PAUSE, pauseFacts, textField } from '../json/fields.ts'
import { invalid, packWords } from '../json/validate.ts'
import { ACCOUNT_FORM } from './registration-schemas.ts'

const STATUS_ANSWER = z
  .object({
    at: AT.describe('The time of this snapshot.'),
    upstream: z.object({
      reachable: z.boolean().meta({ description: 'Whether GetResult answers.', examples: [true] }),
      since: AT_OR_NULL.describe('Since when it does not.'),
      error: z.string().nullable().describe('Why, such as `unreachable: ECONNREFUSED`.'),
    }),
    account: z.object(PAUSE).describe('The upstream account that this is about.'),
    queue: z
      .object({
        before: COUNT.describe('Your calls that are made before the first poll of a serial registered now.'),
        rate: z.number().positive().describe('Your present rate of calls per second.'),
        waitSeconds: COUNT.describe('Estimated seconds until its first poll.'),
        isAtLeast: IS_AT_LEAST,
      })
      .nullable()
      .describe('Null while nothing is polled.'),
    deliveries: z
      .object({
        since: AT.describe('The beginning of the counted time span.'),
        delivered: COUNT.describe('Webhooks answered with 2xx.'),
        pending: COUNT.describe('Webhooks that are sent or retried automatically; without held ones: see `callbacks`.'),
        exhausted: COUNT.describe('Webhooks that were given up.'),
        successRate: z.number().min(0).max(1).nullable().describe('Delivered / all; null if there are none.'),
      })
      .describe('Your webhooks of the last hour, or the newest 1,000 of them.'),
    callbacks: z
      .array(CALLBACK_TROUBLE)
      .describe('Callback URLs that need your attention, the oldest first, 20 at most; empty if there are none.'),
  })
  .meta({ id: 'Status', description: 'How long a new serial waits now, and the state of your webhooks.' })
export type StatusAnswer = z.output<typeof STATUS_ANSWER>

const viewStatus = ({ queue, messages, callbacks, ...status }: PartnerStatus, now: number): StatusAnswer => {
  // Without an account yet, nothing is wrong with it.
  const account = status.account ?? RUNNING
  const { since, delivered, pending, exhausted } = messages
  const all = delivered + pending + exhausted
  return z.decode(STATUS_ANSWER, {
    at: now,
    upstream: {
      reachable: account.unreachableAt === null,
      since: account.unreachableAt,
      error: account.unreachableError,
    },
    account: pauseFacts(account),
    queue: queue && {
      ...queue,
      rate: roundedRate(queue.rate),
      waitSeconds: Math.ceil(Math.max(0, queue.at - now) / SECOND),
    },
    deliveries: {
      since,
      delivered,
      pending,
      exhausted,
      successRate: all === 0 ? null : Math.round((delivered / all) * 1_000) / 1_000,
    },
    callbacks: callbacks.map(({ lastError, ...trouble }) => ({
      ...trouble,
      lastError: lastError && publicErrorOf(lastError),
    })),
  })
}

/** `GET /v1/status`: the state of the service for a partner. */
export const STATUS_CALLS = {
  'GET /v1/status': operation({
    operationId: 'status',
    summary: 'How long a new serial waits now, and the state of your webhooks',
    description:
      'Whether GetResult answers, whether the account is paused, how many serials are polled before a new one and how long that takes, your deliveries of the last hour, and the callback URLs that need your attention.',
    query: z.strictObject({
      account: textField(/^[\x21-\x7e]{1,128}$/, packWords(ACCOUNT_FORM))
        .optional()
        .describe('The id or the APIID of an account, as in a registration; by default the default account.'),
    }),
    answers: { 200: STATUS_ANSWER },
    handle: async (c, { store, now }, { query: { account = null } }) => {
      const status = await store.statusOf(c.get('partnerId'), account)
      if (account !== null && !status.account) throw invalid('query', [{ path: 'account', message: ACCOUNT_FORM }])
      return c.json(viewStatus(status, now()))
    },
  }),
} satisfies PartnerCalls
