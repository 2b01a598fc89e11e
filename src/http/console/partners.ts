import { html } from 'hono/html'
import type { z } from 'zod'
import { serviceUrlOf } from '../../config/url-parsers.ts'
import type { ActName } from '../../core/act.ts'
import type { Words } from '../../core/language.ts'
import { AUDIT_CALLS } from '../admin/audit.ts'
import { PARTNER_CALLS } from '../admin/partners.ts'
import type { SharedDeps } from '../api-env.ts'
import { QUOTA_KEYS } from '../json/fields.ts'
import { MAX_PAGE_SIZE } from '../json/pagination.ts'
import { charts, spanLinks } from './charts.ts'
import { contactFact, removeContactForm } from './contact.ts'
import { actForm, actLink, field, numberOf, shownOnce } from './forms.ts'
import { columnNotes, numberColumn, readGroups, webhookColumns } from './hosts.ts'
import { API_KEY, keyTable, linkForm, newKeyForm, readKeys } from './keys.ts'
import { badge, type ConsolePage, facts, type Html, PAGE_NAMES, partnerLink, type Reader, table, time } from './page.ts'
import { secretsOfPartner } from './secrets.ts'
import type { Console, Form, Visit } from './visit.ts'
import { CREATED, limitOf, NO_LIMIT, PAYLOAD, PAYLOAD_WORDS, SIGNING_SECRET, STATE } from './words.ts'

export type Partners = z.output<(typeof PARTNER_CALLS)['GET /v1/admin/partners']['answers'][200]>
type Partner = Partners['data'][number]
type PartnerDetail = z.output<(typeof PARTNER_CALLS)['GET /v1/admin/partners/:id']['answers'][200]>
type Created = z.output<(typeof PARTNER_CALLS)['POST /v1/admin/partners']['answers'][201]>

const NEW: Words = { en: 'New partner', zh: '新建合作方' }
const partnerPath = ({ id }: Visit): string => `/v1/admin/partners/${id}`

export const FIRST_PAGE = { query: { limit: String(MAX_PAGE_SIZE) } }
/** Returns the partners of the first page whose id is the text, or whose name contains it. */
export const partnersNamed = async ({ call }: Visit, text: string): Promise<Partners['data']> => {
  const { data } = await call<Partners>('GET', '/v1/admin/partners', FIRST_PAGE)
  return data.filter(({ id, name }) => id === text || name.toLowerCase().includes(text.toLowerCase()))
}
/** Returns the id of the partner with this name, or of the only one whose name contains it; else the text itself. */
export const partnerIdOf = async (visit: Visit, typed: string): Promise<string> => {
  if (typed.startsWith('partner_')) return typed
  const named = await partnersNamed(visit, typed)
  const meant = named.length === 1 ? named[0] : named.find(({ name }) => name === typed)
  return meant?.id ?? typed
}

const stateOf = ({ t }: Reader, { disabled }: Pick<Partner, 'disabled'>): Html =>
  disabled ? badge('warned', t({ en: 'disabled', zh: '已停用' })) : badge('good', t({ en: 'enabled', zh: '启用' }))

/** Number of partners that are sorted together, and of those on a page. */
const MAX_SORTED = 1_000
const ON_PAGE = 100

/** Returns partners from a cursor on, `MAX_SORTED` or the first page more. */
const readPartners = async ({ call, c }: Visit): Promise<Partners> => {
  let page: Partners = { data: [], nextCursor: c.req.query('cursor') ?? null }
  do {
    const query = { ...FIRST_PAGE.query, cursor: page.nextCursor }
    const { data, nextCursor } = await call<Partners>('GET', '/v1/admin/partners', { query })
    page = { data: [...page.data, ...data], nextCursor }
  } while (page.nextCursor !== null && page.data.length < MAX_SORTED)
  return page
}

/** Those with failures first, then the busiest, then the others, oldest first. */
const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { c, t, to } = visit
  const { data, nextCursor } = await readPartners(visit)
  const [groups, hosts] = await Promise.all([readGroups(visit, 'partner'), readGroups(visit, 'host')])
  const figures = new Map(groups.data.map((group, rank) => [group.partnerId, { ...group, rank }]))
  const failing = Map.groupBy(
    hosts.data.filter(({ webhooks }) => webhooks.failedAttempts > 0),
    ({ partnerId }) => partnerId,
  )
  const rank = ({ id }: Partner) => figures.get(id)?.rank ?? groups.data.length
  const from = Math.max(0, Number(c.req.query('from')) || 0)
  const items = data.toSorted((one, other) => rank(one) - rank(other)).slice(from, from + ON_PAGE)
  const hasMore = from + ON_PAGE < data.length
  const more = new URL(c.req.url)
  more.searchParams.set('from', hasMore ? String(from + ON_PAGE) : '0')
  if (!hasMore && nextCursor !== null) more.searchParams.set('cursor', nextCursor)
  const failingCell = ({ id }: Partner) => {
    const [first, ...others] = failing.get(id) ?? []
    return first
      ? html`<a href="${to('hosts', { partner: id })}">${first.host}${others.length === 0 ? '' : ` +${others.length}`}</a>`
      : '–'
  }
  const { arrived, p95, failedAttempts, givenUp } = webhookColumns<Partner>(
    visit,
    ({ id }) => figures.get(id)?.webhooks,
  )
  return {
    body: html`${actLink(visit, { to: to('partners/new'), name: NEW, call: PARTNER_CALLS['POST /v1/admin/partners'] })}
    ${spanLinks(visit)}
    ${table(visit, PAGE_NAMES.partners, {
      items,
      none: { en: 'There is no partner yet.', zh: '还没有合作方。' },
      sortedBy: from === 0 && !hasMore && nextCursor === null ? visit : null,
      columns: [
        [
          { en: 'Name', zh: '名称' },
          one =>
            html`${partnerLink(visit, { partnerId: one.id, partnerName: one.name })} ${one.disabled ? stateOf(visit, one) : ''}`,
          { by: ({ name }) => name },
        ],
        numberColumn<Partner>({ en: 'Registrations', zh: '登记' }, ({ id }) => figures.get(id)?.registrations),
        numberColumn<Partner>({ en: 'Waiting', zh: '等待中' }, ({ pending }) => pending),
        arrived,
        p95,
        failedAttempts,
        givenUp,
        [{ en: 'Failing hosts', zh: '有失败的主机' }, failingCell],
        [
          { en: 'Last call', zh: '最近调用' },
          ({ lastUsedAt }) => time(visit, lastUsedAt),
          { by: ({ lastUsedAt }) => lastUsedAt },
        ],
      ],
    })}
    ${items.length === 0 ? '' : columnNotes(visit, { ...groups, isCapped: groups.isCapped || hosts.isCapped })}
    ${hasMore || nextCursor !== null ? html`<p><a class="button" rel="next" href="${more.search}">${t({ en: 'More partners', zh: '更多合作方' })}</a></p>` : ''}`,
  }
}

const newPage = async (visit: Visit): Promise<ConsolePage> => ({
  title: visit.t(NEW),
  body: html`${actForm(visit, { to: 'partners/new', name: NEW, fields: field(visit, 'name') })}`,
})

const changeForms = (visit: Visit, { id, name, payload, quotas, disabled }: PartnerDetail): Html => {
  const { t } = visit
  const fields = html`${field(visit, 'name', name)}
    ${field(visit, 'payload', payload)}
    ${QUOTA_KEYS.map(quota => field(visit, `quotas.${quota}`, quotas[quota] ?? ''))}`
  const to = `partners/${id}`
  const enable = actForm(visit, { to, name: { en: 'Enable', zh: '启用' }, hidden: { disabled: 'false' } })
  const disable = actForm(visit, {
    to,
    name: { en: 'Disable the partner', zh: '停用该合作方' },
    hidden: { disabled: 'true' },
    warning: {
      en: 'Its keys and links stop working. Until the partner is enabled again, its serials are not polled and its webhooks wait. Nothing is lost.',
      zh: '停用后，其密钥和链接失效，在重新启用之前不再为其查询和投递，所有回调都会等待；数据不会丢失。',
    },
  })
  return html`<h2>${t({ en: 'Change', zh: '修改' })}</h2>
    ${actForm(visit, { to, name: { en: 'Save', zh: '保存' }, fields })}${disabled ? enable : disable}`
}

const partnerPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t, to } = visit
  const path = partnerPath(visit)
  const [partner, keys] = await Promise.all([call<PartnerDetail>('GET', path), readKeys(visit)])
  const { id, name, disabled, payload, quotas, createdAt, contact } = partner
  const changes = html` <a href="${to('audit', { act: 'partner.disable' satisfies ActName })}">${t({ en: 'When, by whom and why', zh: '停用时间、操作人及原因' })}</a>`
  return {
    title: name,
    body: html`${facts(visit, [
      ['id', html`<code>${id}</code>`],
      [
        STATE,
        html`${stateOf(visit, partner)}${disabled && (await visit.may(AUDIT_CALLS['GET /v1/admin/audit'])) ? changes : ''}`,
      ],
      [PAYLOAD, t(PAYLOAD_WORDS[payload])],
      ...QUOTA_KEYS.map(quota => [limitOf(quota), quotas[quota] ?? t(NO_LIMIT)] as const),
      [CREATED, time(visit, createdAt)],
      contactFact(visit, contact),
    ])}
    <p><a href="${to('registrations', { partner: id })}">${t(PAGE_NAMES.registrations)}</a> · <a href="${to('hosts', { partner: id })}">${t(PAGE_NAMES.hosts)}</a></p>
    ${await charts(visit, [], id)}
    <h2>${t({ en: 'API keys', zh: 'API 密钥' })}</h2>
    ${keyTable(visit, keys)}${newKeyForm(visit)}
    <h2>${t(PAGE_NAMES.secrets)}</h2>
    ${secretsOfPartner(visit)}
    ${contact ? removeContactForm(visit) : ''}
    ${disabled ? '' : linkForm(visit)}
    ${(await visit.may(PARTNER_CALLS['PATCH /v1/admin/partners/:id'])) ? changeForms(visit, partner) : ''}`,
  }
}

/** The fields of the sent form only. An empty limit means no limit. */
const changeOf = ({ name, payload, disabled, reason, ...fields }: Form) => {
  const quotas = Object.fromEntries(QUOTA_KEYS.map(quota => [quota, numberOf(fields[`quotas.${quota}`]) ?? null]))
  return payload ? { name, payload, quotas, reason } : { disabled: disabled && disabled === 'true', reason }
}

/** `/console/partners`: the partners, their keys, secrets and limits. */
export const addPartners = ({ page, act }: Console, { config }: Pick<SharedDeps, 'config'>): void => {
  page('partners', listPage)
  page('partners/new', newPage, PARTNER_CALLS['POST /v1/admin/partners'])
  act('partners/new', async visit => {
    const { t, to, form, call } = visit
    const baseUrl = serviceUrlOf(config.operator.consoleUrl) ?? visit.baseUrl
    const created = await call<Created>('POST', '/v1/admin/partners', { body: await form() })
    const link = html`<p>${t({ en: 'Give them to the partner, with the address of the service and the API documentation:', zh: '请一并告知合作方：服务地址和接入文档：' })}
      <code>${baseUrl}</code> <a href="${to('../docs')}">${baseUrl}/docs</a></p>
      <p><a href="${to(`partners/${created.partnerId}`)}"><bdi>${created.name}</bdi></a></p>`
    return {
      title: t(NEW),
      body: html`${shownOnce(visit, [
        [API_KEY, created.apiKey],
        [SIGNING_SECRET, created.signingSecret],
      ])}${link}`,
    }
  })
  page('partners/:id', partnerPage)
  act('partners/:id', async visit => {
    await visit.call('PATCH', partnerPath(visit), { body: changeOf(await visit.form()) })
    return `partners/${visit.id}`
  })
}
