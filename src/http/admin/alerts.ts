import { z } from 'zod'
import type { Alert } from '../../core/alert.ts'
import type { Language } from '../../core/language.ts'
import { operatorChannelOf } from '../../core/operator-channel.ts'
import { CATALOGUES, describeAlert } from '../../core/operator-texts/describe.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, AT_OR_NULL, COUNT, TEXT_OR_NULL } from '../json/fields.ts'
import { cursorField, listOf, PAGE_PARAMETERS, viewPage } from '../json/pagination.ts'
import { answerLanguage } from '../language.ts'

const STATE = z.enum(['firing', 'resolved'])
const CHANNEL = z.enum(['wecom', 'dingtalk', 'feishu', 'slack', 'webhook'])

const ALERT = z.object({
  type: z.string().describe('The type of the notice, such as `account.paused`.'),
  subject: z.string().describe('The subject: an account, a node, a partner and a host.'),
  state: STATE,
  since: AT.describe('When it began.'),
  at: AT.describe('When it was last recorded.'),
  count: COUNT.describe('How often it began or happened within the hour.'),
  title: z.string().describe('The condition, and its subject by name.'),
  headline: z.string(),
  sentence: z.string().describe('What is wrong.'),
  remedy: z.string().describe('What to do; empty where there is nothing to do.'),
  advice: z.string().describe('The same, without the commands for what the console has buttons for.'),
  toldState: STATE.nullable().describe('The state in the last notice to operators; null: no notice was sent.'),
  toldAt: AT_OR_NULL.describe('When that notice was sent.'),
  dueAt: AT_OR_NULL.describe('When the next notice is due, if one is postponed; null: none.'),
})

const ALERTS = z.strictObject({
  ...listOf(ALERT).shape,
  channel: CHANNEL.nullable().describe('From `OPERATOR_URL` of the node that answers; null: no channel is set.'),
  refusing: z
    .object({
      since: AT,
      channel: CHANNEL,
      problem: z.enum(['signature', 'key', 'keyword', 'address']).nullable().describe('The kind; null: it may pass.'),
      error: TEXT_OR_NULL.describe('What it answered, such as `http 404`.'),
    })
    .nullable()
    .describe('Set if the channel has accepted none of several messages in a row; null: it accepts them.'),
})
export type AlertsAnswer = z.output<typeof ALERTS>

const titleOf = ({ condition, details }: Alert, language: Language): string => {
  const subject = [
    ...('partnerId' in details ? [details.partnerName || details.partnerId, details.host] : []),
    ...('account' in details ? [details.account] : []),
    ...('status' in details ? [details.status] : []),
    ...('node' in details ? [details.node] : []),
  ]
  const named = subject.length === 0 ? [] : [subject.join(' · ')]
  return [CATALOGUES[language].titles[condition], ...named].join(language === 'en' ? ': ' : '：')
}

/** `GET /v1/admin/events`: the alerts, with the state of their notices to operators. */
export const ALERT_CALLS = {
  'GET /v1/admin/events': adminOperation({
    role: 'read',
    operationId: 'listOperatorEvents',
    summary: 'List the alerts, with sent and postponed notices, the last recorded first',
    description:
      'There is one event per condition and subject, which is updated as the condition changes; a thousand are kept. Texts are in the language that `accept-language` asks for.',
    query: z.strictObject({
      limit: PAGE_PARAMETERS.limit,
      cursor: cursorField(z.strictObject({ at: z.int().min(0), id: z.int().min(0) })),
    }),
    answers: { 200: ALERTS },
    handle: async (c, { store, config, now }, { query: { limit, cursor } }) => {
      const { refusing, ...page } = await store.listAlerts({ limit, before: cursor ?? null })
      const language = answerLanguage(c)
      const { url } = config.operator
      const names = await store.partnerNames(
        page.found.flatMap(({ details }) => ('partnerId' in details ? [details.partnerId] : [])),
      )
      const named = (alert: Alert): Alert =>
        'partnerId' in alert.details
          ? { ...alert, details: { ...alert.details, partnerName: names.get(alert.details.partnerId) ?? '' } }
          : alert
      const worded = (alert: Alert) => ({ title: titleOf(alert, language), ...describeAlert(alert, language, now()) })
      return c.json({
        ...viewPage(page, alert => z.decode(ALERT, { ...alert, ...worded(named(alert)) })),
        channel: url && operatorChannelOf(new URL(url.reveal())),
        refusing: z.decode(ALERTS.shape.refusing, refusing),
      })
    },
  }),
} satisfies AdminCalls
