import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { describeFault } from '../../core/operator-texts/describe.ts'
import { ANSWERS } from '../../core/operator-texts/overview.ts'
import { showSeconds } from '../../core/show-sizes.ts'
import { ACCOUNT_CALLS, type AccountAnswer } from '../admin/accounts.ts'
import type { Overview } from '../admin/overview.ts'
import type { Console, Visit } from './console.ts'
import { actForm, actForms, actLink, field, numberOf } from './forms.ts'
import {
  type ConsolePage,
  empty,
  type Fact,
  facts,
  type Html,
  live,
  nextPage,
  type Reader,
  showCount,
  time,
} from './page.ts'
import { STATE } from './words.ts'

export type Accounts = z.output<(typeof ACCOUNT_CALLS)['GET /v1/admin/accounts']['answers'][200]>
/** Queue and response time of an account; the account API does not return them. */
type Work = Overview['accounts'][number]

const ADD: Words = { en: 'Add an account', zh: '添加账户' }

const TRIED: Words = { en: 'It is being tried and resumes once a call succeeds.', zh: '正在试探，调用成功后即恢复。' }
const RESUME: Words = { en: 'Resume, slowly at first', zh: '恢复（逐步放量）' }
const TRY: Words = { en: 'Try it now', zh: '立即试探' }

const accountPath = ({ id }: Visit): string => `/v1/admin/accounts/${id}`
const worksOf = async ({ call }: Visit): Promise<readonly Work[]> =>
  (await call<Overview>('GET', '/v1/admin/overview')).accounts

const stateOf = ({ t, language }: Reader, account: AccountAnswer): Html => {
  const { paused, tried, reason, reachable, error } = account
  if (paused) {
    const fault = reason === null || reason === 'operator' ? null : describeFault(reason, language)
    const why = fault?.sentence ?? t({ en: 'by an operator', zh: '由运维人员暂停' })
    return html`<span class="bad">${t({ en: 'paused: ', zh: '已暂停：' })}${why}</span> ${tried ? t(TRIED) : ''} ${fault?.here ?? ''}`
  }
  if (reachable) return t({ en: 'works', zh: '正常' })
  return html`<span class="bad">${t({ en: 'GetResult cannot be reached: ', zh: '无法连接 GetResult：' })}${error}</span>`
}

const work = (reader: Reader, { waiting, due, dueIsCapped, oldestDueAt, ...at }: Work): readonly Fact[] => [
  [ANSWERS, at.answerMs === null ? '–' : showSeconds(at.answerMs, reader.language)],
  [{ en: 'Next try', zh: '下次重试' }, time(reader, at.nextTryAt)],
  [{ en: 'Waiting serials', zh: '等待中的流水号' }, waiting],
  [{ en: 'Due now', zh: '已到期' }, showCount(due, dueIsCapped)],
  [{ en: 'Oldest due since', zh: '最早到期于' }, time(reader, oldestDueAt)],
]

const accountFacts = (reader: Reader, account: AccountAnswer, works: readonly Work[]): Html => {
  const { t, to } = reader
  const { id, partnerId, rate, mode, code, since } = account
  const waits = works.find(one => one.id === id)
  const partner = partnerId && html`<a href="${to(`partners/${partnerId}`)}">${partnerId}</a>`
  return facts(reader, [
    [STATE, stateOf(reader, account)],
    [{ en: 'GetResult code', zh: 'GetResult 返回码' }, code === null ? '–' : String(code)],
    [{ en: 'Since', zh: '始于' }, time(reader, since)],
    [{ en: 'Calls per second', zh: '每秒查询次数' }, String(rate)],
    [{ en: 'Password mode', zh: '密码方式' }, mode],
    [{ en: 'Used by', zh: '使用者' }, partner ?? t({ en: 'every partner', zh: '所有合作方' })],
    ...(waits ? work(reader, waits) : []),
  ])
}

const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, call } = visit
  const [list, works] = await Promise.all([
    call<Accounts>('GET', '/v1/admin/accounts', { query: { cursor: c.req.query('cursor') } }),
    worksOf(visit),
  ])
  const { t, to } = visit
  const sections = list.data.map(
    account => html`<section>
    <h2><a href="${to(`accounts/${account.id}`)}">${account.account}</a></h2>${accountFacts(visit, account, works)}</section>`,
  )
  return {
    body: html`${actLink(visit, { to: to('accounts/new'), name: ADD, call: ACCOUNT_CALLS['POST /v1/admin/accounts'] })}
    ${sections.length === 0 ? empty(t({ en: 'There is no account yet.', zh: '还没有账户。' })) : live(20, html`${sections}`)}
    ${nextPage(visit, list.nextCursor, { en: 'More accounts', zh: '更多账户' })}`,
  }
}

/** The facts refresh themselves; the forms beside them keep their input. */
const onePage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const [account, works] = await Promise.all([call<AccountAnswer>('GET', accountPath(visit)), worksOf(visit)])
  const { id, paused, tried, reason, mode } = account
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
    body: html`${live(tried ? 2 : 20, accountFacts(visit, account, works))}
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
  act('accounts/new', async ({ form, call }) => {
    const body = await form()
    await call('POST', '/v1/admin/accounts', { body: { ...body, rate: numberOf(body.rate) } })
    return 'accounts'
  })
  for (const verb of ['pause', 'resume'])
    act(`accounts/:id/${verb}`, async visit => {
      await visit.call('POST', `${accountPath(visit)}/${verb}`, { body: await visit.form() })
      return `accounts/${visit.id}`
    })
  act('accounts/:id/change', async visit => {
    await visit.call('PATCH', accountPath(visit), { body: await visit.form() })
    return `accounts/${visit.id}`
  })
  act('accounts/:id/remove', async visit => {
    await visit.call('DELETE', accountPath(visit), { query: await visit.form() })
    return 'accounts'
  })
}
