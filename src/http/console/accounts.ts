import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { describeFault } from '../../core/operator-texts/describe.ts'
import { ANSWERS, QUEUE } from '../../core/operator-texts/overview.ts'
import { showSeconds } from '../../core/show-sizes.ts'
import { ACCOUNT_CALLS, type AccountAnswer } from '../admin/accounts.ts'
import type { Overview } from '../admin/overview.ts'
import { actForm, actForms, actLink, field, numberOf } from './forms.ts'
import { numberColumn } from './hosts.ts'
import {
  badge,
  type Column,
  type ConsolePage,
  facts,
  type Html,
  live,
  NUMBER,
  nextPage,
  PAGE_NAMES,
  type Reader,
  showCount,
  table,
  time,
} from './page.ts'
import { FIRST_PAGE, type Partners, partnerIdOf } from './partners.ts'
import type { Console, Visit } from './visit.ts'
import { MODE_WORDS, STATE } from './words.ts'

export type Accounts = z.output<(typeof ACCOUNT_CALLS)['GET /v1/admin/accounts']['answers'][200]>

const ADD: Words = { en: 'Add an account', zh: '添加账户' }

const TRIED: Words = { en: 'It is being tried and resumes once a call succeeds.', zh: '正在试探，调用成功后即恢复。' }
const RESUME: Words = { en: 'Resume, slowly at first', zh: '恢复（逐步放量）' }
const TRY: Words = { en: 'Try it now', zh: '立即试探' }

const accountPath = ({ id }: Visit): string => `/v1/admin/accounts/${id}`

const stateOf = ({ t, language }: Reader, account: AccountAnswer): Html => {
  const { paused, tried, reason, reachable, error } = account
  if (paused) {
    const fault = reason === null || reason === 'operator' ? null : describeFault(reason, language)
    const why = fault?.sentence ?? t({ en: 'by an operator', zh: '由运维人员暂停' })
    return badge(tried ? 'busy' : 'bad', html`${t({ en: 'paused: ', zh: '已暂停：' })}${why}`)
  }
  if (reachable) return badge('good', t({ en: 'works', zh: '正常' }))
  return badge('bad', html`${t({ en: 'no usable answer from GetResult: ', zh: 'GetResult 无有效响应：' })}${error}`)
}

/** What to do about a pause, where the page has no button for it. */
const adviceOn = ({ t, language }: Reader, { paused, tried, reason }: AccountAnswer): Html => {
  const fault = paused && reason !== null && reason !== 'operator' && describeFault(reason, language)
  return html`<p>${tried ? t(TRIED) : ''} ${fault ? fault.here : ''}</p>`
}

/** The partner that alone may use the account. */
const userOf = ({ t, to }: Reader, { partnerId }: AccountAnswer, names: ReadonlyMap<string, string>): Html =>
  partnerId === null
    ? t({ en: 'every partner', zh: '所有合作方' })
    : html`<a href="${to(`partners/${partnerId}`)}"><bdi class="name">${names.get(partnerId) ?? partnerId}</bdi></a>`
/** Names of the partners that have accounts of their own. */
const namesOf = async ({ call }: Visit, accounts: readonly AccountAnswer[]): Promise<ReadonlyMap<string, string>> => {
  if (accounts.every(({ partnerId }) => partnerId === null)) return new Map()
  const { data } = await call<Partners>('GET', '/v1/admin/partners', FIRST_PAGE)
  return new Map(data.map(({ id, name }) => [id, name]))
}

/** Facts of an account. The list has those by which it is sorted. The API of accounts has no queues: the overview has. */
const columnsOf = async (
  visit: Visit,
  accounts: readonly AccountAnswer[],
  { accounts: works }: Overview,
): Promise<readonly Column<AccountAnswer>[]> => {
  const { to, language } = visit
  const names = await namesOf(visit, accounts)
  const workOf = ({ id }: AccountAnswer) => works.find(one => one.id === id)
  const due = (account: AccountAnswer) => workOf(account)?.due ?? 0
  return [
    ['APIID', ({ id, account }) => html`<a href="${to(`accounts/${id}`)}">${account}</a>`, { by: one => one.account }],
    [STATE, one => stateOf(visit, one), { by: one => (one.paused ? 0 : Number(one.reachable) + 1) }],
    [{ en: 'Since', zh: '始于' }, ({ since }) => time(visit, since), { by: ({ since }) => since }],
    numberColumn<AccountAnswer>(
      ANSWERS,
      one => workOf(one)?.answerMs,
      ms => showSeconds(ms, language),
    ),
    numberColumn<AccountAnswer>({ en: 'Waiting serials', zh: '等待中的流水号' }, one => workOf(one)?.waiting),
    [QUEUE.due, one => showCount(due(one), workOf(one)?.dueIsCapped), { ...NUMBER, by: due }],
    [{ en: 'Oldest due since', zh: '最早到期于' }, one => time(visit, workOf(one)?.oldestDueAt ?? null)],
    [{ en: 'Next try', zh: '下次重试' }, one => time(visit, workOf(one)?.nextTryAt ?? null)],
    numberColumn<AccountAnswer>({ en: 'Calls per second', zh: '每秒查询次数' }, ({ rate }) => rate, String),
    [{ en: 'Used by', zh: '使用者' }, one => userOf(visit, one, names), { by: ({ partnerId }) => partnerId }],
  ]
}

const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, call, t, to } = visit
  const cursor = c.req.query('cursor')
  const { data, nextCursor } = await call<Accounts>('GET', '/v1/admin/accounts', { query: { cursor } })
  const overview = await call<Overview>('GET', '/v1/admin/overview')
  const removed = overview.accounts
    .filter(one => one.removed && !cursor)
    .map(
      ({ account, waiting: n }) =>
        html`<p>${t({ en: `${account} (removed): ${n} ${n === 1 ? 'serial waits' : 'serials wait'} for the result.`, zh: `${account}（已移除）：${n} 个流水号等待结果。` })}</p>`,
    )
  const list = table(visit, PAGE_NAMES.accounts, {
    columns: (await columnsOf(visit, data, overview)).filter(([, , options]) => options),
    items: data,
    none: { en: 'There is no account yet.', zh: '还没有账户。' },
    sortedBy: cursor || nextCursor ? null : visit,
  })
  return {
    body: html`${actLink(visit, { to: to('accounts/new'), name: ADD, call: ACCOUNT_CALLS['POST /v1/admin/accounts'] })}
    ${live(20, html`${list}${removed}`)}
    ${nextPage(visit, nextCursor, { en: 'More accounts', zh: '更多账户' })}`,
  }
}

/** The facts refresh themselves; the forms beside them keep their input. */
const onePage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const account = await call<AccountAnswer>('GET', accountPath(visit))
  const { id, paused, tried, reason, mode, code } = account
  const [, ...columns] = await columnsOf(visit, [account], await call('GET', '/v1/admin/overview'))
  const accountFacts = facts(visit, [
    ...columns.map(([name, cell]) => [name, cell(account)] as const),
    [{ en: 'GetResult code', zh: 'GetResult 返回码' }, code === null ? '–' : String(code)],
    [{ en: 'Password mode', zh: '密码方式' }, visit.t(MODE_WORDS[mode])],
  ])
  const verb = paused ? 'resume' : 'pause'
  const acts = actForms(visit, [
    {
      to: `accounts/${id}/${verb}`,
      name: paused ? (reason === 'operator' ? RESUME : TRY) : { en: 'Pause', zh: '暂停' },
      call: ACCOUNT_CALLS[`POST /v1/admin/accounts/:id/${verb}`],
    },
    {
      to: `accounts/${id}/remove`,
      name: { en: 'Remove the account', zh: '移除该账户' },
      call: ACCOUNT_CALLS['DELETE /v1/admin/accounts/:id'],
      warning: {
        en: 'The account is no longer listed, and registrations that name it are refused. Its waiting serials are still polled until they end; then its APIKEY is erased.',
        zh: '移除后无法再找到该账户，指定它的登记会被拒绝。等待中的流水号仍会用它查询到结束，之后清除其 APIKEY。',
      },
    },
  ])
  const change = ACCOUNT_CALLS['PATCH /v1/admin/accounts/:id']
  const changing = html`<h2>${t({ en: 'New APIKEY', zh: '更换 APIKEY' })}</h2>
    <p>${t({
      en: 'A paused account is tried at once, unless an operator has paused it; otherwise the next call uses the new key. Leave the APIKEY empty to keep it. At the next start, the account of IHUYI_ACCOUNT takes the APIKEY of the settings again: correct it there too.',
      zh: '保存后，已暂停的账户立即试探（由运维人员暂停的除外），其他账户下次调用时使用新的 APIKEY；不填则不更换。IHUYI_ACCOUNT 的账户下次启动时仍取配置中的 APIKEY，请一并改正。',
    })}</p>
    ${actForm(visit, {
      to: `accounts/${id}/change`,
      name: { en: 'Save', zh: '保存' },
      fields: html`${field(visit, 'apiKey')}${field(visit, 'mode', mode)}`,
    })}`
  return {
    title: account.account,
    body: html`${live(tried ? 2 : 20, html`${accountFacts}${adviceOn(visit, account)}`)}
    ${acts}
    ${(await visit.may(change)) ? changing : ''}`,
  }
}

const newPage = async (visit: Visit): Promise<ConsolePage> => {
  const fields = html`${field(visit, 'account')}${field(visit, 'apiKey', '', true)}${field(visit, 'mode')}
    ${field(visit, 'rate')}${field(visit, 'partnerId')}`
  return {
    title: visit.t(ADD),
    body: html`${actForm(visit, { to: 'accounts/new', name: ADD, fields })}`,
  }
}

/** `/console/accounts`: the state of each account at GetResult, and its queue. */
export const addAccounts = ({ page, act }: Console): void => {
  page('accounts', listPage)
  page('accounts/new', newPage, ACCOUNT_CALLS['POST /v1/admin/accounts'])
  page('accounts/:id', onePage)
  act('accounts/new', async visit => {
    const { form, call } = visit
    const { partnerId, ...body } = await form()
    const user = partnerId && { partnerId: await partnerIdOf(visit, partnerId) }
    await call('POST', '/v1/admin/accounts', { body: { ...body, ...user, rate: numberOf(body.rate) } })
  })
  for (const verb of ['pause', 'resume'])
    act(`accounts/:id/${verb}`, async visit => {
      await visit.call('POST', `${accountPath(visit)}/${verb}`, { body: await visit.form() })
    })
  act('accounts/:id/change', async visit => {
    await visit.call('PATCH', accountPath(visit), { body: await visit.form() })
  })
  act('accounts/:id/remove', async visit => {
    await visit.call('DELETE', accountPath(visit), { query: await visit.form() })
    return 'accounts'
  })
}
