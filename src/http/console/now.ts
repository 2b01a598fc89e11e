import { html } from 'hono/html'
import type { ActName } from '../../core/act.ts'
import { ALERT_KINDS, type AlertCondition } from '../../core/alert.ts'
import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import type { NodeRole } from '../../core/node.ts'
import {
  DISABLED,
  LAST_BACKUP,
  NO_BACKUP,
  NO_TROUBLE,
  QUEUE,
  retried,
  showError,
} from '../../core/operator-texts/overview.ts'
import { showBytes, showSpan } from '../../core/show-sizes.ts'
import { type Light, troubleKind } from '../../core/trouble-kinds.ts'
import type { AlertsAnswer } from '../admin/alerts.ts'
import type { Overview } from '../admin/overview.ts'
import type { SharedDeps } from '../api-env.ts'
import { QUOTA_KEYS } from '../json/fields.ts'
import type { MeAnswer } from '../partner/me.ts'
import type { StatusAnswer } from '../partner/status.ts'
import { newestActs } from './audit.ts'
import { charts, type Mark } from './charts.ts'
import { noContact } from './contact.ts'
import { hostPart } from './hosts.ts'
import { type ConsolePage, facts, type Html, live, PAGE_NAMES, type Reader, showCount, table, time } from './page.ts'
import type { Console, Visit } from './visit.ts'
import { type Act, NO_LIMIT, PAYLOAD, PAYLOAD_WORDS, usageOf } from './words.ts'

const STATES = {
  good: { en: 'OK', zh: '正常' },
  warned: { en: 'warning', zh: '有警告' },
  bad: { en: 'not OK', zh: '异常' },
}
/** One light: its state and its subject. */
const light = ({ t }: Reader, state: keyof typeof STATES, name: Words): Html =>
  html`<li class="light ${state}"><span aria-hidden="true"></span>${t(name)}<span class="hidden">${t({ en: ': ', zh: '：' })}${t(STATES[state])}</span></li>`

const LIGHTS: Readonly<Record<Light, Words>> = {
  polls: { en: 'GetResult', zh: 'GetResult 查询' },
  deliveries: { en: 'Webhooks', zh: '投递' },
  service: { en: 'Service', zh: '服务' },
  clock: { en: 'Clock', zh: '时钟' },
  notices: { en: 'Alerts', zh: '通知' },
}
/** The role whose nodes do the work of a light. */
const ROLE_OF: Partial<Record<Light, NodeRole>> = { polls: 'poll', deliveries: 'deliver' }

type Seen = Pick<Overview, 'problems' | 'nodes'>
const stateOf = (name: Light, { problems, nodes }: Seen): keyof typeof STATES => {
  const found = problems.map(({ code }) => troubleKind(code)).filter(({ lights }) => lights.includes(name))
  const role = ROLE_OF[name]
  const having = nodes.filter(({ roles }) => role !== undefined && roles.includes(role))
  const isUndone = having.length > 0 && having.every(({ lost }) => lost)
  if (isUndone || found.some(({ level }) => level !== 'warning')) return 'bad'
  return found.length > 0 ? 'warned' : 'good'
}

export const lights = (reader: Reader, seen: Seen, isNotified: boolean): Html =>
  html`<ul class="lights" aria-label="${reader.t({ en: 'Status', zh: '是否正常' })}">
    ${(Object.keys(LIGHTS) as Light[])
      .filter(name => isNotified || name !== 'notices')
      .map(name =>
        light(reader, stateOf(name, seen), LIGHTS[name]),
      )}${isNotified ? '' : html`<li class="light unset"><span aria-hidden="true"></span>${reader.t({ en: 'Alerts: no receiver is set', zh: '通知：未设置接收方' })}</li>`}
  </ul>`

const failingList = ({ t, to, language }: Reader, { failingHosts: { worst, hosts } }: Overview): Html =>
  html`<p class="bad">${t({ en: 'Every attempt fails:', zh: '以下回调全部投递失败：' })}</p><ul>${worst.map(
    ({ partnerId, partnerName, host, error, waiting }) => {
      const those = { partner: partnerId, host }
      const count = t({ en: `${showCount(waiting)} wait`, zh: `${showCount(waiting)} 个待投递` })
      return html`<li><a href="${to(`partners/${partnerId}`)}"><bdi>${partnerName}</bdi></a> · <a href="${to('deliveries', { host })}">${host}</a> ·
      <a href="${to('registrations', { ...those, error })}">${showError(error, language)}</a> ·
      <a href="${to('registrations', { ...those, delivery: 'pending' })}">${count}</a></li>`
    },
  )}${hosts > worst.length ? html`<li><a href="${to('hosts')}">${t({ en: `${hosts - worst.length} more`, zh: `另有 ${hosts - worst.length} 台主机` })}</a></li>` : ''}</ul>`

const CARDS = { error: '', attention: '', warning: 'warned', note: 'note' }
const problemList = (reader: Reader, overview: Overview): Html => {
  const { t, to } = reader
  const { problems, accounts } = overview
  if (problems.length === 0) return html`<p class="calm">${t(NO_TROUBLE)}</p>`
  return html`<ol class="problems">${problems.map(({ code, account, sentence, advice }) => {
    const id = accounts.find(one => one.account === account && !one.removed)?.id
    const { page, level } = troubleKind(code)
    const path = page ?? (id ? `accounts/${id}` : null)
    const name = path === null ? null : PAGE_NAMES[path.split(/[/#]/)[0] as keyof typeof PAGE_NAMES]
    const link =
      path && name
        ? html`<p><a class="button" href="${to(path)}">${t({ en: `Go to ${name.en}`, zh: `前往“${name.zh}”处理` })}</a></p>`
        : ''
    return html`<li class="${CARDS[level]}">${code === 'callbacks_failing' ? failingList(reader, overview) : html`<p class="bad">${sentence}</p>`}${advice.split('\n').map(step => html`<p>${step}</p>`)}${link}</li>`
  })}</ol>`
}

const disabledOnes = ({ t, to }: Reader, { disabledPartners }: Overview): Html =>
  disabledPartners.length === 0
    ? ''
    : html`<p>${t(DISABLED)}${disabledPartners.map(
        ({ id, name }, i) =>
          html`${i === 0 ? '' : t({ en: ', ', zh: '、' })}<a href="${to(`partners/${id}`)}"><bdi>${name}</bdi></a>`,
      )}</p>`

const later = ({ t, to }: Reader, { deliveries: { scheduled }, disabledPartners }: Overview): Html =>
  scheduled === 0
    ? ''
    : html`<p><a href="${to('deliveries')}">${t(retried(showCount(scheduled), disabledPartners))}</a></p>`

const queues = (reader: Reader, { at, polls, deliveries }: Overview): Html => {
  const { t, language } = reader
  const late = (oldest: string | null) =>
    oldest === null ? '–' : showSpan(Math.max(0, Date.parse(at) - Date.parse(oldest)), language)
  const name: Words = { en: 'Queues', zh: '队列' }
  return html`<h2>${t(name)}</h2>
  ${table(reader, name, {
    items: [
      { ...polls, is: { en: 'Serials to poll', zh: '待查询的流水号' }, held: null },
      { ...deliveries, is: { en: 'Webhooks to send', zh: '待投递的回调' } },
    ],
    columns: [
      ['', ({ is }) => t(is)],
      [QUEUE.due, ({ due, dueIsCapped }) => showCount(due, dueIsCapped)],
      [QUEUE.oldest, ({ oldestDueAt }) => late(oldestDueAt)],
      [QUEUE.leased, ({ leased }) => leased],
      [QUEUE.scheduled, ({ scheduled }) => scheduled],
      [QUEUE.held, ({ held }) => held ?? '–'],
    ],
  })}`
}

const lastBackup = (reader: Reader, { problems, backup: { good } }: Overview): Html => {
  const isOld = problems.some(({ code }) => code === 'backup_stale')
  const shown = good ? time(reader, good.at) : reader.t(NO_BACKUP)
  return html`<a class="${isOld ? 'bad' : ''}" href="${reader.to('nodes#backups')}">${shown}</a>`
}

const engineFacts = (reader: Reader, overview: Overview): Html => {
  const { language } = reader
  const { engine } = overview
  return engine.kind === 'sqlite'
    ? facts(reader, [
        [LAST_BACKUP, lastBackup(reader, overview)],
        [{ en: 'Database', zh: '数据库' }, `SQLite, ${showBytes(engine.databaseBytes)}`],
        [{ en: 'Write-ahead log (-wal)', zh: '预写日志（-wal）' }, showBytes(engine.walBytes)],
        [
          { en: 'Free on the disk', zh: '磁盘剩余' },
          engine.diskFreeBytes === null ? '–' : showBytes(engine.diskFreeBytes),
        ],
      ])
    : facts(reader, [
        [{ en: 'Database', zh: '数据库' }, `PostgreSQL ${engine.serverVersion}, ${showBytes(engine.databaseBytes)}`],
        [{ en: 'Oldest transaction', zh: '最久的事务' }, showSpan(engine.oldestSnapshotMs, language)],
      ])
}

/** Acts of operators that charts show. */
const ACTS: Readonly<Partial<Record<string, Words>>> = {
  'account.pause': { en: 'account paused', zh: '暂停账户' },
  'account.resume': { en: 'account resumed', zh: '恢复账户' },
  'deliveries.hold': { en: 'all webhooks held', zh: '暂停所有回调的投递' },
  'deliveries.resume': { en: 'webhooks resumed', zh: '恢复所有回调的投递' },
} satisfies Partial<Record<ActName, Words>>

interface Happened {
  overview: Overview
  alerts: AlertsAnswer
  acts: readonly Act[]
}
/** What happened, as the alerts, the nodes and the audit tell it. */
const marksOf = ({ t }: Reader, { overview, alerts, acts }: Happened): Mark[] => {
  const { nodes, problems, accounts } = overview
  const { data, channel } = alerts
  const noted = data.map(({ type, state, since, at, title }): Mark => {
    const { end } = ALERT_KINDS[type as AlertCondition] ?? {}
    const lasts = state === 'firing' && end !== null
    return { from: since, to: lasts ? null : at, tone: 'alarm', words: title }
  })
  const others = problems.flatMap(({ code, since, sentence }): Mark[] => {
    const { alert, level } = troubleKind(code)
    if (since === null || level === 'note' || (channel !== null && alert !== null)) return []
    return [{ from: since, to: null, tone: level === 'warning' ? 'doubt' : 'alarm', words: sentence }]
  })
  const starts = nodes.map(({ name, startedAt }): Mark => {
    const words = t({ en: `node ${name} started`, zh: `节点 ${name} 启动` })
    return { from: startedAt, to: startedAt, tone: 'start', words }
  })
  const done = acts.flatMap(({ at, act, object, name, outcome }): Mark[] => {
    const words = ACTS[act]
    if (!words || outcome !== 'done') return []
    const account = accounts.find(({ id }) => id === object)?.account
    const parts = [t(words), ...(account ? [account] : []), name]
    return [{ from: at, to: at, tone: 'start', words: parts.join(' · ') }]
  })
  return [...noted, ...others, ...starts, ...done]
}

const operatorPage = async (visit: Visit, isNotified: boolean): Promise<ConsolePage> => {
  const { call, t } = visit
  const [overview, alerts, acts] = await Promise.all([
    call<Overview>('GET', '/v1/admin/overview'),
    call<AlertsAnswer>('GET', '/v1/admin/events'),
    newestActs(visit),
  ])
  return {
    body: live(
      20,
      html`
    <p class="as-of">${t({ en: 'As of ', zh: '数据更新于 ' })}${time(visit, overview.at)}</p>
    ${lights(visit, overview, isNotified)}
    ${problemList(visit, overview)}
    ${await charts(visit, marksOf(visit, { overview, alerts, acts }))}
    ${disabledOnes(visit, overview)}
    ${later(visit, overview)}
    ${queues(visit, overview)}
    <h2>${t({ en: 'Service', zh: '服务' })}</h2>
    ${engineFacts(visit, overview)}`,
    ),
  }
}

const usageFacts = (
  reader: Reader,
  { name, partnerId, payload, rate, registrationRate, quotas, usage }: MeAnswer,
): Html => {
  const { t } = reader
  const perSecond = ({ perSecond, burst }: MeAnswer['rate']) =>
    t({ en: `${perSecond} per second, in bursts of ${burst}`, zh: `每秒 ${perSecond}，突发 ${burst}` })
  const limit = (quota: number | null) => (quota === null ? t(NO_LIMIT) : showCount(quota))
  return html`<h2>${t({ en: 'Limits and usage', zh: '限额与用量' })}</h2>
  ${facts(reader, [
    [{ en: 'Partner', zh: '合作方' }, html`${name} <code>${partnerId}</code>`],
    ...QUOTA_KEYS.map(key => [usageOf(key), `${showCount(usage[key])} / ${limit(quotas[key])}`] as const),
    [{ en: 'Requests per key', zh: '每个密钥的请求' }, perSecond(rate)],
    [{ en: 'New registrations', zh: '登记速率' }, perSecond(registrationRate)],
    [PAYLOAD, t(PAYLOAD_WORDS[payload])],
  ])}`
}

/** Maximum number of hosts on the overview: it is made anew every 20 s. */
const SHOWN_HOSTS = 20

const partnerPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t, to } = visit
  const [{ at, upstream, account, queue, callbacks }, me, drawn, hosts] = await Promise.all([
    call<StatusAnswer>('GET', '/v1/status'),
    call<MeAnswer>('GET', '/v1/me'),
    charts(visit),
    hostPart(visit, undefined, SHOWN_HOSTS),
  ])
  const isAsked = upstream.reachable && !account.paused
  const arrives = callbacks.length === 0
  const waiting = html`<p class="bad">${t({
    en: 'GetResult cannot be polled now. Your serials wait and are polled as soon as it is available again. You need not do anything.',
    zh: '目前无法查询 GetResult。您的流水号会等待，恢复后自动查询，您无需处理。',
  })}</p>`
  const failingHosts = [...new Set(callbacks.map(({ callbackUrl }) => new URL(callbackUrl).host))]
  const failing = html`<ol class="problems"><li><p class="bad">${t({ en: `Webhooks do not arrive at ${failingHosts.join(', ')}.`, zh: `回调无法送达：${failingHosts.join('、')}。` })}</p>
    <p><a class="button" href="${to('deliveries')}">${t({ en: 'Go to Webhooks', zh: '前往处理' })}</a></p>${arrives ? '' : noContact(visit)}</li></ol>`
  const calm = html`<p class="calm">${t(NO_TROUBLE)}</p>`
  const pause = account.paused ? { en: 'paused', zh: '已暂停' } : { en: 'active', zh: '正常' }
  const seconds = queue ? showSpan(queue.waitSeconds * SECOND, visit.language) : '–'
  const wait = queue?.isAtLeast ? t({ en: `at least ${seconds}`, zh: `至少 ${seconds}` }) : seconds
  return {
    body: live(
      20,
      html`
    <p class="as-of">${t({ en: 'As of ', zh: '数据更新于 ' })}${time(visit, at)}</p>
    <ul class="lights">${light(visit, isAsked ? 'good' : 'bad', LIGHTS.polls)}${light(visit, arrives ? 'good' : 'bad', LIGHTS.deliveries)}</ul>
    ${isAsked ? '' : waiting}${arrives ? '' : failing}${isAsked && arrives ? calm : ''}
    ${drawn}
    <h2>${t(PAGE_NAMES.hosts)}</h2>${hosts}
    ${facts(visit, [
      [{ en: 'Account', zh: '账户' }, t(pause)],
      [{ en: 'A new serial is first polled after', zh: '新流水号预计等待' }, wait],
    ])}
    ${usageFacts(visit, me)}`,
    ),
  }
}

/** The first page: the troubles, and where to fix them. */
export const addNow = ({ page }: Console, { config }: Pick<SharedDeps, 'config'>): void => {
  const isNotified = config.operator.url !== null
  page('', async visit => (visit.session.kind === 'operator' ? operatorPage(visit, isNotified) : partnerPage(visit)))
}
