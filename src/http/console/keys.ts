import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { PARTNER_LINK_CALLS } from '../admin/console-links.ts'
import { KEY_CALLS } from '../admin/partners.ts'
import { isConsoleLink } from '../console-links.ts'
import type { ConsoleLinkAnswer } from '../partner/console-links.ts'
import type { NewKeyAnswer } from '../partner/keys.ts'
import { actForm, field, shownOnce } from './forms.ts'
import { badge, type ConsolePage, type Html, table, time, zoneInput } from './page.ts'
import type { Session } from './sessions.ts'
import type { Console, Visit } from './visit.ts'
import { BY_KEY, CREATED, EXPIRES, LAST_USED, REVOKE, REVOKED } from './words.ts'

type Keys = z.output<(typeof KEY_CALLS)['GET /v1/admin/partners/:id/keys']['answers'][200]>
type Key = Keys['data'][number]
type CreatedKey = z.output<(typeof KEY_CALLS)['POST /v1/admin/partners/:id/keys']['answers'][201]>

export const API_KEY: Words = { en: 'API key', zh: 'API 密钥' }
const NEW_KEY: Words = { en: 'New API key', zh: '新建 API 密钥' }
const LINK: Words = { en: 'Console link', zh: '合作方的控制台链接' }

const keysPath = ({ id }: Visit): string => `/v1/admin/partners/${id}/keys`
export const readKeys = (visit: Visit): Promise<Keys> => visit.call<Keys>('GET', keysPath(visit))

const WARNINGS: Readonly<Record<Session['kind'], Words>> = {
  partner: {
    en: 'The key stops working within two seconds and cannot be restored; console links made with it stop too. Make sure that your systems use another key first.',
    zh: '密钥会在两秒内失效，且无法恢复；用它生成的控制台链接随之失效。请先确认您的系统已改用其他密钥。',
  },
  operator: {
    en: 'The key stops working within two seconds and cannot be restored; console links made with it stop too. Links made by an operator work until they expire or that operator’s token ends, but not while the partner is disabled. Make sure that the partner uses another key first. If the key has leaked, remove the contact too, and rotate the signing secret without overlap: whoever had the key may have set the one and seen the other.',
    zh: '密钥会在两秒内失效，且无法恢复；用它生成的控制台链接随之失效。运维人员生成的链接不受影响，到期或其令牌失效后才失效；停用该合作方期间无法打开。请先确认合作方已改用其他密钥。若密钥已泄露，请同时移除通知渠道，并不留重叠期地更换签名密钥：前者可能已被他人设置，后者可能已被他人取得。',
  },
}
/** The keys of a partner, each with a form that revokes it. */
export const keyTable = (visit: Visit, { data }: Keys): Html => {
  const { t, session } = visit
  const expiry = ({ expiresAt }: Key) =>
    expiresAt !== null && Date.parse(expiresAt) <= visit.now()
      ? html`${badge('warned', t({ en: 'expired', zh: '已过期' }))} ${time(visit, expiresAt)}`
      : time(visit, expiresAt)
  const revocation = ({ id, revoked }: Key) => {
    if (revoked) return badge('idle', t(REVOKED))
    if (id === session.who) return t({ en: 'this session uses it', zh: '当前登录所用' })
    return actForm(visit, {
      to: session.kind === 'partner' ? 'keys/end' : `partners/${visit.id}/revoke`,
      name: REVOKE,
      call: KEY_CALLS['DELETE /v1/admin/keys/:id'],
      hidden: { key: id },
      warning: WARNINGS[session.kind],
    })
  }
  const list = table(visit, API_KEY, {
    items: data,
    sortedBy: visit,
    none: { en: 'There is no key.', zh: '没有密钥。' },
    columns: [
      ['id', ({ id }) => html`<code>${id}</code>`],
      [CREATED, ({ createdAt }) => time(visit, createdAt), { by: ({ createdAt }) => createdAt }],
      [LAST_USED, ({ lastUsedAt }) => time(visit, lastUsedAt), { by: ({ lastUsedAt }) => lastUsedAt }],
      [EXPIRES, expiry, { by: ({ expiresAt }) => expiresAt }],
      [REVOKE, revocation],
    ],
  })
  return html`${list}<p><small>${t({
    en: 'A key consists of ifn_, the part of its id after key_, and a secret. The last use is exact to the minute.',
    zh: '密钥格式：ifn_ + id 中 key_ 之后的部分 + 随机串，可据此对应。最近使用时间精确到分钟。',
  })}</small></p>`
}

export const newKeyForm = (visit: Visit) =>
  actForm(visit, {
    to: `partners/${visit.id}/new-key`,
    name: NEW_KEY,
    call: KEY_CALLS['POST /v1/admin/partners/:id/keys'],
    fields: html`${field(visit, 'expiresAt')}${zoneInput(visit)}`,
    warning: { en: 'Other keys are not affected.', zh: '其他密钥不受影响。' },
  })

export const linkForm = (visit: Visit) =>
  actForm(visit, {
    to: `partners/${visit.id}/link`,
    name: { en: 'Create a console link', zh: '生成控制台链接' },
    call: PARTNER_LINK_CALLS['POST /v1/admin/partners/:id/console-links'],
    fields: field(visit, 'ttl'),
    warning: {
      en: 'Until the link expires, anyone who has it can do what the partner can, without a key.',
      zh: '持有链接者无需密钥即可行使该合作方的全部权限，直至链接失效。',
    },
  })

const ownPage = async (visit: Visit): Promise<ConsolePage> => {
  const { t, call, session } = visit
  if (isConsoleLink(session.token)) return { body: html`<p>${t(BY_KEY)}</p>` }
  return {
    body: html`<p>${t({
      en: 'To replace a key: create a new one, use it in your systems, sign in here with it, and revoke the old one. If a key has leaked, revoke also each key that you do not know, replace the signing secret without overlap, and set your contact again.',
      zh: '更换密钥：先新建一个，在您的系统中启用，再用新密钥登录本页，吊销旧密钥。若密钥已泄露，请吊销所有来历不明的密钥，不留重叠期地更换签名密钥，并重新设置通知渠道。',
    })}</p>
    ${keyTable(visit, await call<Keys>('GET', '/v1/keys'))}${actForm(visit, { to: 'keys/new', name: NEW_KEY })}`,
  }
}

/** `/console/keys`, and for operators on the partner's page: API keys, and a partner's console links. */
export const addKeys = ({ page, act }: Console): void => {
  page('keys', ownPage)
  act('keys/new', async visit => {
    const { apiKey } = await visit.call<NewKeyAnswer>('POST', '/v1/keys')
    return { title: visit.t(NEW_KEY), body: shownOnce(visit, [[API_KEY, apiKey]]) }
  })
  act('keys/end', async ({ call, form }) => {
    await call('DELETE', `/v1/keys/${encodeURIComponent((await form()).key ?? '')}`)
  })
  act('partners/:id/new-key', async visit => {
    const { id, call, form, t, to } = visit
    const { apiKey } = await call<CreatedKey>('POST', keysPath(visit), { body: await form() })
    const back = html`<p><a href="${to(`partners/${id}`)}">${t({ en: 'Back to the keys', zh: '返回密钥' })}</a></p>`
    return { title: t(NEW_KEY), body: html`${shownOnce(visit, [[API_KEY, apiKey]])}${back}` }
  })
  act('partners/:id/revoke', async ({ call, form }) => {
    const { key = '', reason } = await form()
    await call('DELETE', `/v1/admin/keys/${encodeURIComponent(key)}`, { query: { reason } })
  })
  act('partners/:id/link', async visit => {
    const { id, call, form, baseUrl, t } = visit
    const path = `/v1/admin/partners/${id}/console-links`
    const { url, expiresAt } = await call<ConsoleLinkAnswer>('POST', path, { body: await form() })
    // The in-process call has no base URL.
    const link = `${baseUrl}/console/enter${new URL(url).search}`
    const end = html`<p>${t({ en: 'It expires at ', zh: '失效时间：' })}${time(visit, expiresAt)}</p>`
    return { title: t(LINK), body: html`${shownOnce(visit, [[LINK, link]])}${end}` }
  })
}
