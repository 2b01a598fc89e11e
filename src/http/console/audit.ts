import { html } from 'hono/html'
import type { z } from 'zod'
import { showAct } from '../../core/act.ts'
import type { Words } from '../../core/language.ts'
import { MAX_NAME } from '../../core/line.ts'
import { AUDIT_CALLS } from '../admin/audit.ts'
import type { Accounts } from './accounts.ts'
import { field, withoutEmpty } from './forms.ts'
import {
  type Column,
  type ConsolePage,
  type Html,
  nextPage,
  PAGE_NAMES,
  type Reader,
  table,
  time,
  zoneInput,
} from './page.ts'
import { FIRST_PAGE, type Partners } from './partners.ts'
import type { Console, Visit } from './visit.ts'
import { type Act, OUTCOMES, stateBadge, WHO } from './words.ts'

type Acts = z.output<(typeof AUDIT_CALLS)['GET /v1/admin/audit']['answers'][200]>

const WHAT: Words = { en: 'Act', zh: '操作' }

/** Path of an object's page, by the prefix of its id. */
const PLACES = new Map([
  ['acc', 'accounts'],
  ['bulk', 'bulk'],
  ['partner', 'partners'],
  ['reg', 'registrations'],
])
export const pathOfObject = (id: string): string | null => {
  const place = PLACES.get(id.split('_')[0] ?? '')
  return place ? `${place}/${encodeURIComponent(id)}` : null
}
/** Names of the partners, and APIIDs of the accounts, that the first pages of their lists have. */
type Names = ReadonlyMap<string, string>
const readNames = async ({ call }: Visit): Promise<Names> => {
  const [partners, accounts] = await Promise.all([
    call<Partners>('GET', '/v1/admin/partners', FIRST_PAGE),
    call<Accounts>('GET', '/v1/admin/accounts', FIRST_PAGE),
  ])
  return new Map([...partners.data, ...accounts.data].map(one => [one.id, 'name' in one ? one.name : one.account]))
}
const whichOf = ({ to }: Reader, { object }: Act, names: Names): Html => {
  if (object === null) return html`–`
  const [path, name] = [pathOfObject(object), names.get(object)]
  const text =
    name === undefined ? html`<code>${object}</code>` : html`<bdi class="name" title="${object}">${name}</bdi>`
  return path ? html`<a href="${to(path)}">${text}</a>` : text
}

type Fact = string | number | boolean | null
/** The times in changes are in ISO 8601, as in the API. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
const changesOf = (reader: Reader, { changes }: Act, names: Names): Html => {
  const shown = (fact: Fact = null) => {
    if (fact === null) return '–'
    const text = String(fact)
    return ISO_TIME.test(text) ? time(reader, text) : (names.get(text) ?? text)
  }
  if (changes === null) return '–'
  return html`<ul class="plain">${Object.entries(changes).map(
    ([field, { before, after }]) => html`<li>${field}: <bdi>${shown(before)}</bdi> → <bdi>${shown(after)}</bdi></li>`,
  )}</ul>`
}

const filterForm = (reader: Reader, { who, act, since }: Readonly<Record<string, string | undefined>>): Html => {
  const { t, to } = reader
  return html`<form action="${to('audit')}" class="row">
    <label>${t({ en: 'Who (name of a token, ADMIN_TOKEN or system user)', zh: '操作人（令牌名称、ADMIN_TOKEN 或系统用户名）' })}
      <input name="who" value="${who ?? ''}" maxlength="${MAX_NAME}" autocomplete="off"></label>
    <label>${t(WHAT)} <input name="act" value="${act ?? ''}" placeholder="account.pause" maxlength="61" autocomplete="off"></label>
    ${field(reader, 'since', since)}${zoneInput(reader)}
    <button>${t({ en: 'Show', zh: '筛选' })}</button> <a href="${to('audit')}">${t({ en: 'All', zh: '全部' })}</a></form>`
}

const HIDDEN: Words = { en: 'No act matches the filter.', zh: '没有符合条件的记录，其余记录已被筛选隐藏。' }
const NONE: Words = { en: 'There are no acts yet.', zh: '还没有操作记录。' }

const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, call, to } = visit
  const { who, act, since, zone, cursor } = withoutEmpty(c.req.query())
  const { data, nextCursor } = await call<Acts>('GET', '/v1/admin/audit', { query: { who, act, since, zone, cursor } })
  const names = await readNames(visit)
  const only = (more: Readonly<Record<string, string>>) => to('audit', { who, act, since, zone, ...more })
  const columns: readonly Column<Act>[] = [
    [{ en: 'When', zh: '时间' }, ({ at }) => time(visit, at)],
    [WHO, one => html`<a href="${only({ who: one.who })}" title="${one.who}"><bdi class="name">${one.name}</bdi></a>`],
    [
      WHAT,
      one =>
        html`<a href="${only({ act: one.act })}" title="${one.act}"><bdi class="name">${showAct(one.act, visit.language)}</bdi></a>`,
    ],
    [{ en: 'Object', zh: '对象' }, one => whichOf(visit, one, names)],
    [{ en: 'Reason', zh: '原因' }, ({ reason }) => html`<bdi>${reason ?? '–'}</bdi>`],
    [{ en: 'Changes', zh: '变更' }, one => changesOf(visit, one, names)],
    [{ en: 'Outcome', zh: '结果' }, ({ outcome }) => stateBadge(visit, OUTCOMES, outcome)],
  ]
  return {
    body: html`${filterForm(visit, { who, act, since })}
    ${table(visit, PAGE_NAMES.audit, { columns, items: data, none: who || act || since ? HIDDEN : NONE })}
    ${nextPage(visit, nextCursor)}`,
  }
}

/** Returns the newest 100 acts, of all or on an object; none for those who may not read the audit. */
export const newestActs = async ({ session, call, may }: Visit, object?: string): Promise<readonly Act[]> => {
  if (session.kind === 'partner' || !(await may(AUDIT_CALLS['GET /v1/admin/audit']))) return []
  return (await call<Acts>('GET', '/v1/admin/audit', { query: { object, limit: '100' } })).data
}

/** `/console/audit`: the acts of operators. */
export const addAudit = ({ page }: Console): void => page('audit', listPage)
