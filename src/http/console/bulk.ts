import { html } from 'hono/html'
import type { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { showSpan } from '../../core/show-sizes.ts'
import { BULK_CALLS, roleOfBulkAct } from '../admin/bulk.ts'
import type { BULK, BULK_DRAFT } from '../admin/bulk-view.ts'
import { Refused } from './api-calls.ts'
import { actForm, withoutEmpty } from './forms.ts'
import {
  type ConsolePage,
  empty,
  facts,
  type Html,
  live,
  nextPage,
  PAGE_NAMES,
  type Reader,
  showCount,
  table,
  time,
} from './page.ts'
import { FIELDS, foundColumns } from './registration-columns.ts'
import { HELD } from './ticked.ts'
import type { Console, Visit } from './visit.ts'
import { CREATED, STATE, stateBadge, WHO } from './words.ts'

type Bulk = z.output<typeof BULK>
type Draft = z.output<typeof BULK_DRAFT>
type Bulks = z.output<(typeof BULK_CALLS)['GET /v1/admin/bulk']['answers'][200]>

const NAMES: Readonly<Record<Bulk['act'], Words>> = {
  resend: { en: 'Resend webhooks', zh: '重新投递回调' },
  cancel: { en: 'Cancel registrations', zh: '取消登记' },
  poll: { en: 'Poll now', zh: '立即查询 GetResult' },
}
const STATES: Readonly<Record<Bulk['state'], Words>> = {
  draft: { en: 'not started', zh: '未开始' },
  probing: { en: 'waiting for its probe', zh: '等待探测结果' },
  running: { en: 'under way', zh: '进行中' },
  stopped: { en: 'stopped', zh: '已停止' },
  done: { en: 'done', zh: '已完成' },
  failed: { en: 'failed', zh: '失败' },
}
const TIMES = ['since', 'until', 'messageSince', 'messageUntil'] as const
const isTime = (name: string): boolean => TIMES.some(time => time === name)

/** An act and its filter, under the API's names. */
type BulkRequest = Readonly<Record<string, string>>

const REASON: Words = { en: 'Reason', zh: '原因' }
const START: Words = { en: 'Start', zh: '开始' }
const WHICH: Words = { en: 'Scope', zh: '范围' }

const SCOPE: typeof FIELDS = {
  ...FIELDS,
  messageSince: { words: { en: 'Webhook created since', zh: '回调创建时间不早于' } },
  messageUntil: { words: { en: 'Webhook created until', zh: '回调创建时间不晚于' } },
}
/** The filter of a bulk act, in the words of a search. */
const filterList = (reader: Reader, filter: Bulk['filter']): Html =>
  html`${Object.entries(filter).flatMap(([name, value]) => {
    const field = SCOPE[name]
    if (value === null || !field) return []
    const choice = field.choices?.[value]
    const shown = isTime(name) ? time(reader, value) : choice ? reader.t(choice) : value
    return [html`<div>${reader.t(field.words)}${reader.t({ en: ': ', zh: '：' })}${shown}</div>`]
  })}`

/** A finished resend has only queued its webhooks. */
const isQueued = ({ act, state }: Bulk): boolean => act === 'resend' && state === 'done'
const QUEUED: typeof STATES = { ...STATES, done: { en: 'all queued', zh: '已加入投递队列' } }
const stateOf = (reader: Reader, bulk: Bulk): Html => stateBadge(reader, isQueued(bulk) ? QUEUED : STATES, bulk.state)

const progress = ({ t, language }: Reader, bulk: Bulk): string => {
  const { state, done, count, ratePerSecond, secondsLeft } = bulk
  const changed = state === 'done' ? showCount(Math.max(0, count - done)) : '0'
  return [
    `${showCount(done)} / ${showCount(count, bulk.countIsCapped)}`,
    ...(ratePerSecond === null ? [] : [`${ratePerSecond} / ${t({ en: 's', zh: '秒' })}`]),
    ...(secondsLeft === null ? [] : [`${t({ en: 'left', zh: '剩余' })} ${showSpan(secondsLeft * SECOND, language)}`]),
    ...(changed === '0' ? [] : [t({ en: `${changed} had changed meanwhile`, zh: `${changed} 个其间已变化` })]),
  ].join(' · ')
}

const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, call, t, to } = visit
  const query = { cursor: c.req.query('cursor') }
  const { data, nextCursor } = await call<Bulks>('GET', '/v1/admin/bulk', { query })
  return {
    body: html`<p>${t({
      en: 'Begin a bulk act from a search or from a group of failing webhooks. It shows a preview before it starts.',
      zh: '批量操作从搜索结果或失败回调的分组发起，开始前会显示其范围。',
    })}</p>
    ${table(visit, PAGE_NAMES.bulk, {
      items: data,
      none: { en: 'There are no bulk acts yet.', zh: '还没有批量操作。' },
      columns: [
        [{ en: 'Act', zh: '操作' }, ({ id, act }) => html`<a href="${to(`bulk/${id}`)}">${t(NAMES[act])}</a>`],
        [STATE, bulk => stateOf(visit, bulk)],
        [{ en: 'Progress', zh: '进度' }, bulk => progress(visit, bulk)],
        [WHO, ({ name, who }) => name || who],
        [REASON, ({ reason }) => reason],
        [CREATED, ({ createdAt }) => time(visit, createdAt)],
      ],
    })}
    ${nextPage(visit, nextCursor)}`,
  }
}

/** Prefix of filter fields: other forms have fields of the same names. */
const FILTER = 'filter.'

/**
 * Sends the times and the count of the preview: later registrations are left out, and if the count has changed, the
 * preview is shown again.
 */
const startForm = (visit: Visit, draft: Draft, { act: _, ...asked }: BulkRequest) => {
  const { act, filter: shown } = draft
  const times = TIMES.flatMap(name => (shown[name] ? [[name, shown[name]] as const] : []))
  const filter = [...Object.entries(asked), ...times].map(([name, value]) => [FILTER + name, value])
  const probe = html`<label class="choice"><input type="checkbox" name="probe" value="true" checked> ${visit.t({
    en: 'Send one first, and the rest once it has arrived',
    zh: '先投递一条，送达后再继续',
  })}</label>`
  return actForm(visit, {
    to: 'bulk/new',
    name: START,
    hidden: { act, ...Object.fromEntries(filter), previewed: String(draft.count) },
    fields: act === 'resend' ? probe : '',
    isReasonRequired: true,
  })
}

/** A dry run; the API stores nothing of it. */
const dryRun = async ({ call }: Visit, { act, ...filter }: BulkRequest): Promise<Draft> =>
  call<Draft>('POST', '/v1/admin/bulk', { body: { act, filter, reason: 'dry run', dryRun: true } })

const CHANGED: Words = {
  en: 'Not started: the matching registrations have changed. Check the preview and start again.',
  zh: '尚未开始：匹配的登记已有变化，请重新确认。',
}
const NONE: Words = { en: 'The act applies to no matching registration.', zh: '没有可执行该操作的登记。' }
const NONE_YET: Words = {
  en: 'The act applies to none of the newest 20,000 registrations (in a search by error: of the newest 10,000 failures). Older ones may match: narrow the search, for example by partner or until.',
  zh: '已查看的最近 20,000 条登记（按错误筛选时为最近 10,000 条投递失败的）中没有可执行该操作的。更早的记录中可能有：请缩小范围，例如指定合作方或截止时间。',
}
const SAMPLE: Words = { en: 'The newest ten', zh: '其中最新的十条' }
const previewPage = (visit: Visit, asked: BulkRequest, draft: Draft): ConsolePage => {
  const { t, language } = visit
  return {
    title: t(NAMES[draft.act]),
    body: html`${facts(visit, [
      [{ en: 'Registrations', zh: '登记数' }, showCount(draft.count, draft.countIsCapped)],
      [{ en: 'Estimated duration', zh: '预计用时' }, showSpan(draft.estimatedSeconds * SECOND, language)],
      [WHICH, filterList(visit, draft.filter)],
    ])}${draft.act === 'resend' ? html`<p>${t(HELD)}</p>` : ''}${
      draft.count === 0
        ? empty(t(draft.countIsCapped ? NONE_YET : NONE))
        : html`${startForm(visit, draft, asked)}<h2>${t(SAMPLE)}</h2>${table(visit, SAMPLE, { columns: foundColumns(visit), items: draft.sample })}`
    }`,
  }
}

/** The bulk acts for all matches of a list, as far as the operator's role allows them. */
export const bulkLinks = async (
  visit: Visit,
  filter: Readonly<Record<string, string | undefined>>,
  acts: readonly Bulk['act'][],
): Promise<Html> => {
  const { t, to } = visit
  if (!(await visit.may(BULK_CALLS['POST /v1/admin/bulk']))) return ''
  const links = acts.map(async act =>
    (await visit.may({ role: roleOfBulkAct(act) }))
      ? html`<a class="button" href="${to('bulk/new', { act, ...filter })}">${t(NAMES[act])}…</a> `
      : '',
  )
  return html`<p>${t({ en: 'For all matches:', zh: '对全部匹配的登记：' })} ${links}</p>`
}

const COMMANDS: Readonly<Record<Bulk['state'], readonly ['start' | 'stop', Words] | null>> = {
  draft: ['start', START],
  probing: ['stop', { en: 'Stop', zh: '停止' }],
  running: ['stop', { en: 'Stop', zh: '停止' }],
  stopped: ['start', { en: 'Continue', zh: '继续' }],
  done: null,
  failed: null,
}
const commandForm = (visit: Visit, { id, act, state }: Bulk) => {
  if (COMMANDS[state] === null) return ''
  const [command, name] = COMMANDS[state]
  const call = command === 'start' ? { role: roleOfBulkAct(act) } : BULK_CALLS['POST /v1/admin/bulk/:id/stop']
  return actForm(visit, { to: `bulk/${id}/${command}`, name, call })
}

const onePage = async (visit: Visit): Promise<ConsolePage> => {
  const { id, call, t, to } = visit
  const bulk = await call<Bulk>('GET', `/v1/admin/bulk/${id}`)
  const { state, probed, error, startedAt, endedAt } = bulk
  const isUnderWay = state === 'probing' || state === 'running'
  const arrived = probed && time(visit, probed.arrivedAt, t({ en: 'has not arrived', zh: '尚未送达' }))
  const probe =
    probed && html`<a href="${to(`registrations/${probed.registrationId}`)}">${probed.registrationId}</a> ${arrived}`
  const progressFacts = facts(visit, [
    [STATE, html`${stateOf(visit, bulk)}${error ? html` <code class="bad">${error}</code>` : ''}`],
    [{ en: 'Progress', zh: '进度' }, progress(visit, bulk)],
    ...(probe ? [[{ en: 'Probe', zh: '探测' }, probe] as const] : []),
    [WHICH, filterList(visit, bulk.filter)],
    [REASON, bulk.reason],
    [WHO, bulk.name || bulk.who],
    [CREATED, time(visit, bulk.createdAt)],
    [{ en: 'Started', zh: '开始时间' }, time(visit, startedAt)],
    [{ en: 'Ended', zh: '结束时间' }, time(visit, endedAt)],
  ])
  const undelivered = to('registrations', { ...bulk.filter, delivery: 'pending' })
  const rest = html`<p><a href="${undelivered}">${t({ en: 'Show webhooks that have not arrived yet', zh: '查看尚未送达的回调' })}</a></p>`
  return {
    title: t(NAMES[bulk.act]),
    body: html`${live(isUnderWay ? 5 : null, html`${progressFacts}${isQueued(bulk) ? rest : ''}${commandForm(visit, bulk)}`)}`,
  }
}

/** Acts on all registrations that match a search: preview, progress and result. */
export const addBulk = ({ page, act }: Console): void => {
  page('bulk', listPage)
  const newPage = async (visit: Visit) => {
    const { lang: _, ...query } = visit.c.req.query()
    const asked = withoutEmpty(query)
    return previewPage(visit, asked, await dryRun(visit, asked))
  }
  page('bulk/new', newPage, BULK_CALLS['POST /v1/admin/bulk'])
  page('bulk/:id', onePage)
  act('bulk/new', async visit => {
    const { call, form, t, to } = visit
    const { act: kind = '', reason, probe, previewed, ...named } = await form()
    const filter = Object.fromEntries(Object.entries(named).map(([name, value]) => [name.replace(FILTER, ''), value]))
    const asked = { act: kind, ...filter }
    const draft = previewed ? await dryRun(visit, asked) : null
    if (draft && previewed !== String(draft.count)) {
      const preview = previewPage(visit, asked, draft)
      return { ...preview, body: html`<p role="alert" class="bad">${t(CHANGED)}</p>${preview.body}` }
    }
    const body = { act: kind, filter, reason, probe: probe ? true : undefined }
    const { id } = await call<Draft>('POST', '/v1/admin/bulk', { body })
    try {
      await call('POST', `/v1/admin/bulk/${id}/start`, { body: { reason } })
    } catch (error) {
      // The draft exists and can be started later. Sending the form again would create another.
      if (!(error instanceof Refused && error.problem.status === 409)) throw error
      const draftLink = html`<p><a class="button" href="${to(`bulk/${id}`)}">${t({ en: 'Start it later', zh: '稍后开始' })}</a></p>`
      return { body: html`<p role="alert" class="bad">${error.problem.detail}</p>${draftLink}` }
    }
    return `bulk/${id}`
  })
  for (const command of ['start', 'stop'] as const)
    act(`bulk/:id/${command}`, async ({ id, call, form }) => {
      await call('POST', `/v1/admin/bulk/${id}/${command}`, { body: await form() })
    })
}
