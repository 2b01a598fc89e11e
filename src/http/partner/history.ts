import { z } from 'zod'
import { type HistoryFigures, historyFigures } from '../../core/history.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { SEARCHED_BY } from '../json/fields.ts'
import { countedOf, HISTORY, HOST_HISTORY, readSpan, SERIES_QUERY, SPAN_QUERY, viewHistory } from '../json/history.ts'
import { pageCost } from '../rates.ts'

export type HistoryAnswer = z.output<typeof HISTORY>
export type HostHistoryAnswer = z.output<typeof HOST_HISTORY>

const viewedOf =
  (host: string) =>
  ({ polls: _, due: __, ...figures }: HistoryFigures) => ({ ...figures, ...countedOf(host) })

/** `/v1/history`: what happened to the registrations and webhooks of a partner. */
export const HISTORY_CALLS = {
  'GET /v1/history': operation({
    operationId: 'history',
    summary: 'Your registrations and webhooks by time',
    description:
      'What happened in each five minutes or hour. It is counted within the service and stored once a minute, so the last minute is missing, and a crash of the service loses what it has counted since. In a minute 50 of your hosts are counted apart; where more than 500 partners or 500 hosts have anything, those beyond are not. Of a host only webhooks are counted.',
    query: z.strictObject({ ...SERIES_QUERY, host: SEARCHED_BY.host }),
    answers: { 200: HISTORY },
    handle: async (c, { store, rates, now }, { query: { host = '', ...asked } }) => {
      const partnerId = c.get('partnerId')
      const span = readSpan(asked, now())
      const taken = pageCost(0, span.rows)
      rates.take('items', partnerId, taken)
      const series = { accountId: '', partnerId, host: host.toLowerCase() }
      const buckets = await store.historyOf(partnerId, series, span)
      rates.give('items', partnerId, taken - pageCost(buckets.length, span.rows))
      return c.json(z.decode(HISTORY, viewHistory(span, buckets, viewedOf(series.host))))
    },
  }),
  'GET /v1/history/hosts': operation({
    operationId: 'hostHistory',
    summary: 'Your webhooks by host',
    description:
      'What happened to the webhooks of each host, in whole hours: those with the most failures first, then those with the most webhooks, 250 at most. Registrations and verdicts are not counted by host: null.',
    query: z.strictObject(SPAN_QUERY),
    answers: { 200: HOST_HISTORY },
    handle: async (c, { store, rates, now }, { query }) => {
      const partnerId = c.get('partnerId')
      const span = readSpan({ ...query, step: '1h' }, now())
      const taken = pageCost(0, span.rows)
      rates.take('items', partnerId, taken)
      const { found, scanned, ...more } = await store.hostHistoryOf(partnerId, span)
      rates.give('items', partnerId, taken - pageCost(found.length, scanned))
      const data = found.map(({ host, ...counts }) => ({ host, ...viewedOf(host)(historyFigures(counts)) }))
      return c.json(z.decode(HOST_HISTORY, { data, ...more }))
    },
  }),
} satisfies PartnerCalls
