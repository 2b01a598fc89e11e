import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { TOKEN_CALLS } from '../admin/tokens.ts'
import { actForm, field, shownOnce } from './forms.ts'
import { badge, type ConsolePage, type Html, nextPage, PAGE_NAMES, table, time, zoneInput } from './page.ts'
import type { Console, Visit } from './visit.ts'
import { CREATED, EXPIRES, LAST_USED, REVOKE, REVOKED, ROLE_WORDS } from './words.ts'

type Tokens = z.output<(typeof TOKEN_CALLS)['GET /v1/admin/tokens']['answers'][200]>
type CreatedToken = z.output<(typeof TOKEN_CALLS)['POST /v1/admin/tokens']['answers'][201]>

const NEW_TOKEN: Words = { en: 'New token', zh: '新建令牌' }
const TOKEN: Words = { en: 'Token', zh: '令牌' }

const tokenTable = (visit: Visit, { data, nextCursor }: Tokens): Html => {
  const { t, session } = visit
  const revocation = ({ id, revoked }: Tokens['data'][number]) => {
    if (revoked) return badge('idle', t(REVOKED))
    if (id === session.who) return t({ en: 'this session uses it', zh: '当前登录所用' })
    return actForm(visit, {
      to: 'tokens/revoke',
      name: REVOKE,
      hidden: { token: id },
      warning: {
        en: 'The token stops working within two seconds and cannot be restored; console sessions and links made with it end too.',
        zh: '令牌会在两秒内失效，且无法恢复；用它登录的控制台会话和它生成的链接随之失效。',
      },
    })
  }
  return html`${table(visit, PAGE_NAMES.tokens, {
    items: data,
    none: { en: 'There is no token beside ADMIN_TOKEN.', zh: '除 ADMIN_TOKEN 外没有令牌。' },
    columns: [
      ['id', ({ id }) => html`<code>${id}</code>`],
      [{ en: 'Name', zh: '名称' }, ({ name }) => html`<bdi class="name">${name}</bdi>`],
      [{ en: 'Role', zh: '角色' }, ({ role }) => t(ROLE_WORDS[role])],
      [CREATED, ({ createdAt }) => time(visit, createdAt)],
      [LAST_USED, ({ lastUsedAt }) => time(visit, lastUsedAt)],
      [EXPIRES, ({ expiresAt }) => time(visit, expiresAt)],
      [REVOKE, revocation],
    ],
  })}${nextPage(visit, nextCursor, { en: 'More tokens', zh: '更多令牌' })}`
}

const tokensPage = async (visit: Visit): Promise<ConsolePage> => {
  const query = { cursor: visit.c.req.query('cursor') }
  const tokens = await visit.call<Tokens>('GET', '/v1/admin/tokens', { query })
  const fields = html`${field(visit, 'name')}${field(visit, 'role')}${field(visit, 'expiresAt')}${zoneInput(visit)}`
  return {
    body: html`${tokenTable(visit, tokens)}<h2>${visit.t(NEW_TOKEN)}</h2>
    ${actForm(visit, { to: 'tokens/new', name: NEW_TOKEN, fields })}`,
  }
}

/** `/console/tokens`: of operators. Only the role `admin` sees them. */
export const addTokens = ({ page, act }: Console): void => {
  page('tokens', tokensPage, TOKEN_CALLS['GET /v1/admin/tokens'])
  act('tokens/new', async visit => {
    const { token } = await visit.call<CreatedToken>('POST', '/v1/admin/tokens', { body: await visit.form() })
    const back = html`<p><a href="${visit.to('tokens')}">${visit.t(PAGE_NAMES.tokens)}</a></p>`
    return { title: visit.t(NEW_TOKEN), body: html`${shownOnce(visit, [[TOKEN, token]])}${back}` }
  })
  act('tokens/revoke', async ({ call, form }) => {
    const { token = '', reason } = await form()
    await call('DELETE', `/v1/admin/tokens/${encodeURIComponent(token)}`, { query: { reason } })
  })
}
