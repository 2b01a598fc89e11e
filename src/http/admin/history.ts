import { z } from 'zod'
import { type HistoryFigures, historyFigures, type Series } from '../../core/history.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { idField, SEARCHED_BY, textField } from '../json/fields.ts'
import {
  countedOf,
  GROUPED,
  OPERATOR_FIGURES,
  OPERATOR_HISTORY,
  readSpan,
  SERIES_QUERY,
  SPAN_QUERY,
  viewHistory,
} from '../json/history.ts'
import { invalid, mustBeOneOf, packWords } from '../json/validate.ts'
import { PARTNER_NAME, withPartnerNames } from './partner-names.ts'
import { PARTNER_ID } from './search.ts'

const ACCOUNT_ID = packWords({ en: 'must be the id of an account', zh: '必须是某个账户的 id' })
const NOT_BESIDE = {
  en: 'must not be given with partner or host: they have no polls of their own',
  zh: '不能与 partner、host 同时使用：查询不按合作方和主机统计',
}
const NO_PARTNER = { en: 'must be given with partner', zh: '须与 partner 同时使用' }
const GROUPINGS = ['partner', 'host', 'account'] as const

/** Figures of polls are those of all or of an account. */
const viewedOf =
  ({ partnerId, host }: Pick<Series, 'partnerId' | 'host'>) =>
  ({ polls, due, ...figures }: HistoryFigures) => ({
    ...{ ...figures, ...countedOf(host) },
    polls: partnerId === '' ? polls : null,
    due: partnerId === '' ? due : null,
  })

const GROUP = z.object({
  partnerId: idField('partner').nullable(),
  partnerName: PARTNER_NAME,
  host: z.string().nullable(),
  accountId: z.string().nullable(),
  ...OPERATOR_FIGURES,
})
const GROUPS = z.object({ data: z.array(GROUP), ...GROUPED })

/** `/v1/admin/history`: what happened, by time, partner, host and account. */
export const OPERATOR_HISTORY_CALLS = {
  'GET /v1/admin/history': adminOperation({
    role: 'read',
    operationId: 'getHistory',
    summary: 'What happened, by time',
    description:
      'Of the whole service, of an account, of a partner, or of a host of a partner. Of an account only polls and due serials are counted, the rest is 0; of a host only webhooks, the rest is null. It is counted within each node and stored once a minute, so the last minute is missing, and a crash of a node loses what it has counted since. A node counts 500 partners and accounts apart in a minute, 50 hosts of each and 500 in all; what is beyond counts only for the partner, or for the whole.',
    query: z.strictObject({
      ...SERIES_QUERY,
      partner: PARTNER_ID.optional().describe('Only of this partner.'),
      account: textField(/^\w{1,64}$/, ACCOUNT_ID)
        .optional()
        .describe('Only of this account, by its id.'),
      host: SEARCHED_BY.host,
    }),
    answers: { 200: OPERATOR_HISTORY },
    handle: async (c, { store, now }, { query: { partner, account, host, ...asked } }) => {
      if (account !== undefined && (partner ?? host) !== undefined)
        throw invalid('query', [{ path: 'account', message: NOT_BESIDE }])
      if (host !== undefined && partner === undefined) throw invalid('query', [{ path: 'host', message: NO_PARTNER }])
      const series = { accountId: account ?? '', partnerId: partner ?? '', host: host?.toLowerCase() ?? '' }
      const span = readSpan(asked, now())
      const buckets = await store.historyOf('operators', series, span)
      return c.json(z.decode(OPERATOR_HISTORY, viewHistory(span, buckets, viewedOf(series))))
    },
  }),
  'GET /v1/admin/history/groups': adminOperation({
    role: 'read',
    operationId: 'getHistoryGroups',
    summary: 'What happened, by partner, host or account',
    description:
      'In whole hours: those with the most failures first, then those with the most webhooks, 250 at most. What is counted is as in `GET /v1/admin/history`.',
    query: z.strictObject({
      ...SPAN_QUERY,
      by: z.enum(GROUPINGS, mustBeOneOf(GROUPINGS)).describe('What to group by; a host is one of a partner.'),
      partner: PARTNER_ID.optional().describe('Only the hosts of this partner, whatever `by` says.'),
    }),
    answers: { 200: GROUPS },
    handle: async (c, { store, now }, { query: { by, partner, ...asked } }) => {
      const span = readSpan({ ...asked, step: '1h' }, now())
      const { found, ...more } = await (partner ? store.hostHistoryOf(partner, span) : store.historyGroups(by, span))
      const named = await withPartnerNames(store, found)
      const data = named.map(({ partnerId, partnerName, host, accountId, ...counts }) => ({
        partnerId: partnerId || null,
        partnerName,
        host: host || null,
        accountId: accountId || null,
        ...viewedOf({ partnerId, host })(historyFigures(counts)),
      }))
      return c.json(z.decode(GROUPS, { data, ...more }))
    },
  }),
} satisfies AdminCalls
