import { html } from 'hono/html'
import { REFIRE_MS } from '../../core/alert.ts'
import type { Words } from '../../core/language.ts'
import type { AlertsAnswer } from '../admin/alerts.ts'
import { badge, type ConsolePage, facts, type Html, nextPage, PAGE_NAMES, type Reader, table, time } from './page.ts'
import type { Console, Visit } from './visit.ts'

type Alert = AlertsAnswer['data'][number]

export const CHANNELS: Readonly<Record<NonNullable<AlertsAnswer['channel']>, Words>> = {
  wecom: { en: 'WeCom', zh: '企业微信' },
  dingtalk: { en: 'DingTalk', zh: '钉钉' },
  feishu: { en: 'Feishu', zh: '飞书' },
  slack: { en: 'Slack', zh: 'Slack 频道' },
  webhook: { en: 'a webhook', zh: '自建的 webhook 接收端' },
}
const NOBODY: Words = { en: 'none: OPERATOR_URL is not set', zh: '未设置 OPERATOR_URL，不通知任何人' }

const channelFacts = (reader: Reader, { channel, refusing }: AlertsAnswer): Html => {
  const { t } = reader
  return html`${facts(reader, [[{ en: 'Channel', zh: '通知方式' }, t(channel === null ? NOBODY : CHANNELS[channel])]])}
  ${
    refusing
      ? html`<p role="alert" class="bad">${t({ en: 'The channel has accepted no notice since', zh: '该渠道拒收，始于' })}
        ${time(reader, refusing.since)} (${t(CHANNELS[refusing.channel])}): <code>${refusing.error}</code></p>`
      : ''
  }`
}

const SHORT: Words = { en: 'not sent: it ended within five minutes', zh: '未通知：五分钟内已恢复' }

const noticeCell = (reader: Reader, { state, since, at, toldState, toldAt, dueAt }: Alert): Html => {
  const { t } = reader
  const told: Words =
    toldState === state ? { en: 'sent', zh: '已通知' } : { en: 'sent before it changed', zh: '已通知的是此前的状态' }
  // A notice from before `since` was about an earlier occurrence.
  const isUntold = toldAt === null || (state === 'resolved' && toldAt < since)
  const isShort = toldAt !== null && Date.parse(at) - Date.parse(since) < REFIRE_MS
  const untold: Words = isShort ? SHORT : { en: 'not sent', zh: '未通知' }
  return html`${isUntold ? t(untold) : html`${t(told)} ${time(reader, toldAt)}`}${
    dueAt === null ? '' : html`<br>${t({ en: 'postponed until ', zh: '推迟至' })}${time(reader, dueAt)}`
  }`
}

const alertCell = ({ state, headline, sentence, advice, type, subject }: Alert): Html =>
  html`${badge(state === 'firing' ? 'bad' : 'good', headline)}<br>${sentence} ${advice}<br><small><code>${type}</code> ${subject}</small>`

const NOT_RECORDED: Words = {
  en: 'Nothing is recorded while OPERATOR_URL is not set.',
  zh: '未设置 OPERATOR_URL，不作记录。',
}
const alertTable = (reader: Reader, { data, channel }: AlertsAnswer): Html =>
  table(reader, PAGE_NAMES.alerts, {
    items: data,
    none: channel === null ? NOT_RECORDED : { en: 'There are no alerts yet.', zh: '尚无需要通知的内容。' },
    columns: [
      [{ en: 'Alert', zh: '内容' }, alertCell],
      [{ en: 'Last seen', zh: '最近一次' }, ({ at }) => time(reader, at)],
      [{ en: 'Began', zh: '始于' }, ({ since }) => time(reader, since)],
      [{ en: 'Notice', zh: '通知' }, alert => noticeCell(reader, alert)],
    ],
  })

const alertsPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, call } = visit
  const answer = await call<AlertsAnswer>('GET', '/v1/admin/events', { query: { cursor: c.req.query('cursor') } })
  return {
    body: html`${channelFacts(visit, answer)}
    ${alertTable(visit, answer)}
    ${nextPage(visit, answer.nextCursor)}`,
  }
}

/** `/console/alerts`: the alerts, the notices sent about them, and notices put off. */
export const addAlerts = ({ page }: Console): void => page('alerts', alertsPage)
