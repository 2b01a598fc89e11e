import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { describeFault } from '../../core/operator-texts/describe.ts'
import { ACCOUNT_CALLS, type AccountAnswer } from '../admin/accounts.ts'
import type { Overview } from '../admin/overview.ts'
import type { Console, Visit } from './console.ts'
import { field, mayOf, numberOf, orNone, reasonField } from './forms.ts'
import { empty, facts, type Html, nextPage, type Page, type Reader, time } from './page.ts'

type Accounts = z.output<(typeof ACCOUNT_CALLS)['GET /v1/admin/accounts']['answers'][200]>
/** What waits for an account, which the list of accounts has not. */
type Work = Overview['accounts'][number]

const ACCOUNTS: Words = { en: 'Accounts', zh: '账户' }
const ADD: Words = { en: 'Add an account', zh: '添加账户' }
const REMOVE: Words = { en: 'Remove', zh: '移除' }

const pathOf = (account: string): string => `/v1/admin/accounts/${encodeURIComponent(account)}`
const worksOf = async ({ call }: Visit): Promise<readonly Work[]> =>
  (await call<Overview>('GET', '/v1/admin/overview')).accounts

const stateOf = ({ t, language }: Reader, account: Pick<Work, 'paused' | 'reason' | 'reachable' | 'error'>): Html => {
  const { paused, reason, reachable, error } = account
  if (paused)
    return html`<span class="bad">${t({ en: 'paused: ', zh: '已暂停：' })}${
      reason === null || reason === 'operator'
        ? t({ en: 'by an operator', zh: '由运维人员暂停' })
        : describeFault(reason, language).sentence
    }</span>`
  if (reachable) return html`${t({ en: 'works', zh: '正常' })}`
  return html`<span class="bad">${t({ en: 'GetResult cannot be reached: ', zh: '无法连接 GetResult：' })}${error}</span>`
}

const remedyOf = ({ language }: Reader, { paused, reason }: Pick<Work, 'paused' | 'reason'>): Html | '' =>
  paused && reason !== null && reason !== 'operator' ? html`<p>${describeFault(reason, language).advice}</p>` : ''

const work = (reader: Reader, { waiting, due, dueIsCapped, oldestDueAt, nextTryAt }: Work) => {
  const { t } = reader
  const shown = `${due.toLocaleString('en')}${dueIsCapped ? '+' : ''}`
  return [
    [t({ en: 'Next try', zh: '下次重试' }), time(reader, nextTryAt)],
    [t({ en: 'Serials that wait', zh: '等待中的流水号' }), waiting.toLocaleString('en')],
    [t({ en: 'Due now', zh: '已到期' }), shown],
    [t({ en: 'Due the longest, since', zh: '最早到期于' }), time(reader, oldestDueAt)],
  ] as const
}

const section = (
  reader: Reader,
  account: AccountAnswer,
  { waits, mayPause, mayRemove }: { waits: Work | undefined; mayPause: boolean; mayRemove: boolean },
): Html => {
  const { t, to } = reader
  const { id, partnerId, paused, rate, mode, code, since } = account
  return html`<section id="${id}"><h2>${account.account}</h2>
  ${facts([
    [t({ en: 'State', zh: '状态' }), stateOf(reader, account)],
    [t({ en: 'Code of GetResult', zh: 'GetResult 返回码' }), code ?? '–'],
    [t({ en: 'Since', zh: '始于' }), time(reader, since)],
    [t({ en: 'Calls a second', zh: '每秒查询次数' }), rate],
    [t({ en: 'Password', zh: '密码方式' }), mode],
    [
      t({ en: 'For', zh: '使用者' }),
      partnerId === null
        ? t({ en: 'every partner', zh: '所有合作方' })
        : html`<a href="${to(`partners/${partnerId}`)}">${partnerId}</a>`,
    ],
    ...(waits ? work(reader, waits) : []),
  ])}
  ${remedyOf(reader, account)}
  ${
    mayPause
      ? html`<form method="post" action="${to('accounts')}" class="row"><input type="hidden" name="account" value="${id}">
    ${reasonField(reader)}<button name="act" value="${paused ? 'resume' : 'pause'}">${
      paused ? t({ en: 'Resume, slowly at first', zh: '恢复（逐步放量）' }) : t({ en: 'Pause', zh: '暂停' })
    }</button></form>`
      : ''
  }
  ${mayRemove ? html`<p><a href="${to(`accounts/${id}/remove`)}">${t(REMOVE)}…</a></p>` : ''}</section>`
}

const listPage = async (visit: Visit): Promise<Page> => {
  const { c, reader, call } = visit
  const [list, works, may] = await Promise.all([
    call<Accounts>('GET', '/v1/admin/accounts', { query: { cursor: c.req.query('cursor') } }),
    worksOf(visit),
    mayOf(visit),
  ])
  const mayPause = may(ACCOUNT_CALLS['POST /v1/admin/accounts/:id/pause'])
  const mayRemove = may(ACCOUNT_CALLS['DELETE /v1/admin/accounts/:id'])
  const { t, to } = reader
  return {
    title: t(ACCOUNTS),
    active: 'accounts',
    body: html`${
      may(ACCOUNT_CALLS['POST /v1/admin/accounts'])
        ? html`<p><a class="button" href="${to('accounts/new')}">${t(ADD)}</a></p>`
        : ''
    }
    ${
      list.data.length === 0
        ? empty(t({ en: 'There is no account yet.', zh: '还没有账户。' }))
        : list.data.map(account =>
            section(reader, account, { waits: works.find(({ id }) => id === account.id), mayPause, mayRemove }),
          )
    }
    ${nextPage(c, reader, list.nextCursor, { en: 'More accounts', zh: '更多账户' })}`,
  }
}

const newPage = (reader: Reader): Page => {
  const { t, to } = reader
  return {
    title: t(ADD),
    active: 'accounts',
    body: html`<form method="post" action="${to('accounts/new')}" class="fields">
    ${field(reader, 'apiId')}${field(reader, 'apiKey')}
    <label>${t({ en: 'How its password is made', zh: '密码方式' })}
      <select name="mode"><option>dynamic</option><option>static</option></select></label>
    ${field(reader, 'rate')}${field(reader, 'onlyPartner')}${reasonField(reader)}
    <button>${t(ADD)}</button></form>`,
  }
}

/** Before an account is removed: what waits for it. */
const removePage = (reader: Reader, account: Work): Page => {
  const { t, to } = reader
  return {
    title: `${t(REMOVE)} ${account.account}`,
    active: 'accounts',
    body: html`<p>${t({
      en: 'Nobody finds it any more, and registrations that name it are refused. What waits for it is still asked, to its end; then its APIKEY is erased.',
      zh: '移除后无法再找到该账户，指定它的登记会被拒绝。等待中的流水号仍会用它查询到结束，之后清除其 APIKEY。',
    })}</p>
    ${facts([[t({ en: 'State', zh: '状态' }), stateOf(reader, account)], ...work(reader, account)])}
    <form method="post" action="${to(`accounts/${account.id}/remove`)}" class="row">${reasonField(reader)}
      <button>${t(REMOVE)}</button> <a href="${to('accounts')}">${t({ en: 'Leave it', zh: '不移除' })}</a></form>`,
  }
}

/** `/console/accounts`: whether GetResult takes each account, and what waits for it. */
export const addAccounts = ({ page, act }: Console): void => {
  page('accounts', listPage)
  page('accounts/new', async ({ reader }) => newPage(reader), ACCOUNT_CALLS['POST /v1/admin/accounts'])
  const remove = async (visit: Visit) => {
    const account = (await worksOf(visit)).find(({ id }) => id === visit.c.req.param('id'))
    return account ? removePage(visit.reader, account) : null
  }
  page('accounts/:id/remove', remove, ACCOUNT_CALLS['DELETE /v1/admin/accounts/:id'])
  act('accounts', async ({ form, call }) => {
    const { account = '', act: wanted, reason } = await form()
    const verb = wanted === 'pause' ? 'pause' : 'resume'
    await call('POST', `${pathOf(account)}/${verb}`, { body: { reason: orNone(reason) } })
    return 'accounts'
  })
  act('accounts/new', async ({ form, call }) => {
    const { apiId: account, apiKey, mode, rate, onlyPartner, reason } = await form()
    const body = { account, apiKey, mode, partnerId: orNone(onlyPartner), reason: orNone(reason) }
    await call('POST', '/v1/admin/accounts', { body: { ...body, rate: orNone(rate) && numberOf(rate) } })
    return 'accounts'
  })
  act('accounts/:id/remove', async ({ c, form, call }) => {
    const { reason } = await form()
    await call('DELETE', pathOf(c.req.param('id') ?? ''), { query: { reason } })
    return 'accounts'
  })
}
