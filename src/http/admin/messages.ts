import { z } from 'zod'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, COUNT, idField } from '../json/fields.ts'
import { PARTNER_NAME, withPartnerNames } from './partner-names.ts'

const MAX_GROUPS = 250
const FAILURE_GROUP = z.object({
  host: z.string(),
  error: z.string().describe('Why the last attempts failed, such as `no_response ECONNREFUSED` or `http_503`.'),
  count: COUNT,
  pending: COUNT.describe('Webhooks that are retried automatically, without held ones.'),
  exhausted: COUNT.describe('Webhooks that were given up.'),
  partners: COUNT,
  partnerId: idField('partner').describe('The partner of the newest webhook; if `partners` is 1, of all.'),
  partnerName: PARTNER_NAME,
  oldestAt: AT,
  newestAt: AT,
})
const FAILURE_GROUPS = z.strictObject({
  data: z.array(FAILURE_GROUP).describe('The largest first.'),
  isCapped: z.boolean().describe('Only the newest 10,000 failures were counted, or there are more than 250 groups.'),
})

/** `/v1/admin/messages`: webhooks that have failed and have not arrived. */
export const FAILURE_CALLS = {
  'GET /v1/admin/messages/groups': adminOperation({
    role: 'read',
    operationId: 'groupFailures',
    summary: 'Group the newest 10,000 webhooks that have failed and have not arrived, by host and error',
    answers: { 200: FAILURE_GROUPS },
    handle: async (c, { store }) => {
      const { groups, isCapped } = await store.groupFailures(c.get('operator').id)
      const shown = await withPartnerNames(store, groups.slice(0, MAX_GROUPS))
      return c.json({
        data: shown.map(group => z.decode(FAILURE_GROUP, group)),
        isCapped: isCapped || groups.length > MAX_GROUPS,
      })
    },
  }),
} satisfies AdminCalls
