import { html } from 'hono/html'
import type { z } from 'zod'
import { hostOf } from '../../core/callback-url.ts'
import type { Words } from '../../core/language.ts'
import { BULK_CALLS } from '../admin/bulk.ts'
import { CALLBACK_CALLS } from '../admin/callbacks.ts'
import { type HeldAnswer, HOLD_CALLS } from '../admin/deliveries.ts'
import type { FAILURE_CALLS } from '../admin/messages.ts'
import type { AttemptAnswer } from '../partner/registration-schemas.ts'
import type { ResendAnswer } from '../partner/resends.ts'
import type { StatusAnswer } from '../partner/status.ts'
import { actForm, actLink, field } from './forms.ts'
import { testPage } from './moments.ts'
import {
  badge,
  type Column,
  type ConsolePage,
  facts,
  type Html,
  live,
  NUMBER,
  nextPage,
  partnerLink,
  partOrRefusal,
  type Reader,
  showCount,
  table,
  time,
  wrapped,
  zoneInput,
} from './page.ts'
import { partnerIdOf } from './partners.ts'
import { listPart, readSearchQuery, search } from './registrations.ts'
import type { Console, Visit } from './visit.ts'
import { errorCell, STATE, stateBadge } from './words.ts'

type Groups = z.output<(typeof FAILURE_CALLS)['GET /v1/admin/messages/groups']['answers'][200]>
type Callbacks = z.output<(typeof CALLBACK_CALLS)['GET /v1/admin/callbacks']['answers'][200]>
type Trouble = StatusAnswer['callbacks'][number]

const URLS: Words = { en: 'Failing and held URLs', zh: '投递失败或暂停投递的回调地址' }
const NO_URL: Words = { en: 'No URL is failing or held.', zh: '没有持续失败或暂停投递的回调地址。' }
const GIVEN_UP: Words = { en: 'Given up', zh: '已放弃' }
const PENDING: Words = { en: 'Retrying', zh: '自动重试中' }
const SEND_AGAIN: Words = { en: 'Resend of given-up webhooks', zh: '重新投递已放弃的回调' }
const SINCE: Words = { en: 'Since', zh: '始于' }

const HOLDING = {
  hold: { en: 'Hold all webhooks', zh: '暂停投递全部回调' },
  resume: { en: 'Resume all webhooks', zh: '恢复投递全部回调' },
} satisfies Record<string, Words>

const resendAll = (visit: Visit, query: Readonly<Record<string, string | undefined>>) =>
  actLink(visit, {
    to: visit.to('bulk/new', { act: 'resend', ...query }),
    name: { en: 'Resend all…', zh: '全部重新投递…' },
    call: BULK_CALLS['POST /v1/admin/bulk'],
  })

const groupList = (visit: Visit, { data, isCapped }: Groups): Html => {
  const { t, to } = visit
  const toThese = (query: Readonly<Record<string, string>>, count: number) =>
    count === 0 ? 0 : html`<a href="${to('registrations', query)}">${showCount(count)}</a>`
  const name: Words = { en: 'Failing webhooks', zh: '失败的回调' }
  return html`<h2>${t(name)}</h2>${table(visit, name, {
    items: data,
    none: { en: 'Every webhook that was sent has arrived.', zh: '已投递的回调全部送达。' },
    columns: [
      [
        { en: 'Host', zh: '主机' },
        ({ host, error }) =>
          html`<a href="${to('registrations', { host, error })}">${wrapped(host)}</a>${resendAll(visit, { host, error })}`,
      ],
      [{ en: 'Error', zh: '错误' }, ({ error }) => errorCell(visit, error)],
      [{ en: 'Webhooks', zh: '回调数' }, ({ count }) => count, NUMBER],
      [PENDING, ({ host, error, pending }) => toThese({ host, error, delivery: 'pending' }, pending), NUMBER],
      [GIVEN_UP, ({ host, error, exhausted }) => toThese({ host, error, delivery: 'exhausted' }, exhausted), NUMBER],
      [{ en: 'Partners', zh: '合作方' }, one => (one.partners === 1 ? partnerLink(visit, one) : one.partners)],
      [SINCE, ({ oldestAt }) => time(visit, oldestAt)],
    ],
  })}${
    isCapped
      ? html`<p>${t({
          en: 'There are more: only the newest 10,000 failures were counted, or only the largest 250 groups are shown.',
          zh: '不止这些：仅统计了最近 10,000 条失败的回调，或仅显示最大的 250 组。',
        })}</p>`
      : ''
  }`
}

const STATES: Readonly<Record<Trouble['state'], Words>> = {
  failing: { en: 'every attempt fails', zh: '每次投递都失败' },
  disabled: { en: 'disabled: it has failed for five days', zh: '已停用：连续失败五天' },
  gone: { en: 'it answered 410', zh: '响应了 410' },
}
const STOPPED: Words = {
  en: 'disabled by the operator; only the operator can enable it',
  zh: '已由运维人员停用，也只能由运维人员启用',
}
const isStopped = ({ lastError }: Trouble) => lastError === 'operator'
/** The form stands below the URL, where narrow screens show it too. */
const troubleColumns = <One extends Trouble>(reader: Reader, form: (one: One) => Html): readonly Column<One>[] => [
  [{ en: 'URL', zh: '回调地址' }, one => html`<code>${wrapped(one.callbackUrl)}</code>${form(one)}`],
  [STATE, one => (isStopped(one) ? badge('bad', reader.t(STOPPED)) : stateBadge(reader, STATES, one.state))],
  [SINCE, ({ since }) => time(reader, since)],
  [{ en: 'Last error', zh: '最近的错误' }, ({ lastError }) => errorCell(reader, lastError)],
  [{ en: 'Held', zh: '暂停' }, ({ held }) => held, NUMBER],
]

const callbackList = (visit: Visit, { data, nextCursor }: Callbacks): Html => {
  const form = ({ partnerId, callbackUrl, state, lastError }: Callbacks['data'][number]) => {
    if (state === 'failing')
      return resendAll(visit, { partner: partnerId, host: hostOf(callbackUrl), error: lastError ?? undefined })
    return actForm(visit, {
      to: 'deliveries/enable',
      name: { en: 'Enable', zh: '启用' },
      call: CALLBACK_CALLS['POST /v1/admin/callbacks/enable'],
      hidden: { partnerId, callbackUrl },
    })
  }
  return html`${table(visit, URLS, {
    items: data,
    none: NO_URL,
    columns: [...troubleColumns(visit, form), [{ en: 'Partner', zh: '合作方' }, one => partnerLink(visit, one)]],
  })}${nextPage(visit, nextCursor, { en: 'More URLs', zh: '更多回调地址' }, 'urls')}`
}

const disableForm = (visit: Visit): Html =>
  actForm(visit, {
    to: 'deliveries/disable',
    name: { en: 'Disable a URL', zh: '停用一个回调地址' },
    call: CALLBACK_CALLS['POST /v1/admin/callbacks/disable'],
    fields: html`${field(visit, 'partner', '', true)}${field(visit, 'callbackUrl')}`,
    warning: {
      en: 'Its webhooks are held until an operator enables it; nothing is lost.',
      zh: '停用后其回调暂停投递，直到由运维人员启用；回调不会丢失。',
    },
  })

const holdForm = async (visit: Visit): Promise<Html> => {
  const { heldSince } = await visit.call<HeldAnswer>('GET', '/v1/admin/deliveries')
  const verb = heldSince === null ? 'hold' : 'resume'
  return actForm(visit, {
    to: `deliveries/${verb}`,
    name: HOLDING[verb],
    call: HOLD_CALLS[`POST /v1/admin/deliveries/${verb}`],
    warning: {
      hold: {
        en: 'No webhook is sent, to nobody, until they are resumed, also after a restart. Registering and polling go on, and nothing is lost.',
        zh: '在恢复之前不向任何合作方投递回调，重启后仍有效；登记和查询照常进行，回调不会丢失。',
      },
      resume: { en: 'All that waits is sent, the oldest first.', zh: '等待中的回调将按时间先后投递。' },
    }[verb],
  })
}

/** Not every role may list the URLs. */
const callbacksFor = (visit: Visit): Promise<Html> => {
  const query = { cursor: visit.c.req.query('urls') }
  const callbacks = visit.call<Callbacks>('GET', '/v1/admin/callbacks', { query })
  return partOrRefusal(callbacks.then(found => callbackList(visit, found)))
}

const givenUpForm = (reader: Reader): Html => {
  const { t, to } = reader
  return html`<h2 id="given-up">${t({ en: 'Given-up webhooks of all partners', zh: '所有合作方已放弃的回调' })}</h2>
    <form method="get" action="${to('bulk/new')}" class="row">
      <input type="hidden" name="act" value="resend"><input type="hidden" name="delivery" value="exhausted">
      ${field(reader, 'messageSince', '', true)}${zoneInput(reader)}
      <button>${t({ en: 'Resend…', zh: '重新投递…' })}</button></form>`
}

const operatorPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const groups = await call<Groups>('GET', '/v1/admin/messages/groups')
  const callbacks = await callbacksFor(visit)
  return {
    body: html`${await holdForm(visit)}${groupList(visit, groups)}
    <h2 id="urls">${t(URLS)}</h2>${callbacks}${disableForm(visit)}
    ${(await visit.may(BULK_CALLS['POST /v1/admin/bulk'])) ? givenUpForm(visit) : ''}
    ${await webhookList(visit)}`,
  }
}

const partnerPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const name: Words = { en: 'Send a test', zh: '发送测试' }
  const testForm = (one: Trouble) =>
    isStopped(one) ? html`` : actForm(visit, { to: 'deliveries/test', name, hidden: { callbackUrl: one.callbackUrl } })
  const { deliveries, callbacks } = await call<StatusAnswer>('GET', '/v1/status')
  return {
    body: html`${facts(visit, [
      [{ en: 'Delivered in the last hour', zh: '最近一小时已送达' }, deliveries.delivered],
      [PENDING, html`<a href="${visit.to('registrations', { delivery: 'pending' })}">${deliveries.pending}</a>`],
      [GIVEN_UP, html`<a href="${visit.to('registrations', { delivery: 'exhausted' })}">${deliveries.exhausted}</a>`],
    ])}
    <h2>${t(URLS)}</h2>
    ${table(visit, URLS, { items: callbacks, none: NO_URL, columns: troubleColumns(visit, testForm) })}
    <h2>${t(SEND_AGAIN)}</h2>
    ${actForm(visit, {
      to: 'deliveries/resend',
      name: { en: 'Resend', zh: '重新投递' },
      fields: html`${field(visit, 'since', '', true)}${field(visit, 'until')}${field(visit, 'host')}${zoneInput(visit)}`,
    })}
    <h2>${t(name)}</h2>
    ${actForm(visit, { to: 'deliveries/test', name, fields: field(visit, 'callbackUrl') })}
    ${await webhookList(visit)}`,
  }
}

const resendPage = async (visit: Visit): Promise<ConsolePage> => {
  const { id, call, t } = visit
  const { since, until, count, resent, done, stopped } = await call<ResendAnswer>('GET', `/v1/resend/${id}`)
  const ended: Words = stopped
    ? { en: 'Stopped. Resend the rest.', zh: '已停止。剩下的请再次重新投递。' }
    : { en: 'All are queued.', zh: '已全部进入投递。' }
  const progress = facts(visit, [
    [{ en: 'Created since', zh: '创建时间不早于' }, time(visit, since)],
    [{ en: 'Until', zh: '不晚于' }, time(visit, until)],
    [{ en: 'Progress', zh: '进度' }, `${showCount(resent)} / ${showCount(count)}`],
    [STATE, t(done ? ended : { en: 'Under way', zh: '进行中' })],
  ])
  return { title: t(SEND_AGAIN), body: live(done ? null : 5, progress) }
}

/** The list of webhooks. Searched or paged, it is the page. */
const webhookList = async (visit: Visit, searched: Awaited<ReturnType<typeof readSearchQuery>> = {}): Promise<Html> => {
  const found = await search(visit, { ...searched, cursor: visit.c.req.query('cursor') }, 'deliveries')
  return html`<h2 id="list">${visit.t({ en: 'Webhooks, newest registration first', zh: '回调（按登记时间倒序）' })}</h2>
  ${await listPart(visit, 'deliveries', { searched, found })}`
}

const deliveriesPage = async (visit: Visit): Promise<ConsolePage> => {
  const searched = await readSearchQuery(visit, visit.c.req.query())
  if (Object.keys(searched).length > 0 || visit.c.req.query('cursor'))
    return { body: await webhookList(visit, searched) }
  return visit.session.kind === 'operator' ? operatorPage(visit) : partnerPage(visit)
}

/** `/console/deliveries`: failing webhooks and all others, and the actions on them. */
export const addDeliveries = ({ page, act }: Console): void => {
  page('deliveries', deliveriesPage)
  page('deliveries/resend/:id', resendPage)
  act('deliveries/enable', async ({ call, form }) => {
    await call('POST', '/v1/admin/callbacks/enable', { body: await form() })
  })
  act('deliveries/disable', async visit => {
    const { partner = '', ...body } = await visit.form()
    const partnerId = await partnerIdOf(visit, partner)
    await visit.call('POST', '/v1/admin/callbacks/disable', { body: { ...body, partnerId } })
  })
  for (const verb of ['hold', 'resume'])
    act(`deliveries/${verb}`, async ({ call, form }) => {
      await call('POST', `/v1/admin/deliveries/${verb}`, { body: await form() })
    })
  act('deliveries/test', async visit => {
    const { callbackUrl = '' } = await visit.form()
    const attempt = await visit.call<AttemptAnswer>('POST', '/v1/callbacks/test', { body: { callbackUrl } })
    return testPage(visit, attempt, 'deliveries', html`<p><code>${callbackUrl}</code></p>`)
  })
  act('deliveries/resend', async ({ call, form }) => {
    const body = { ...(await form()), delivery: 'exhausted' }
    const { id } = await call<ResendAnswer>('POST', '/v1/resend', { body })
    return `deliveries/resend/${id}`
  })
}
