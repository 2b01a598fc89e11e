import { duration, enumOf } from '../config/parsers.ts'
import { DAY, SECOND } from '../core/duration.ts'
import { MAX_NAME } from '../core/line.ts'
import { ROLES } from '../core/role.ts'
import { viewToken } from '../http/admin/tokens.ts'
import { listAll } from '../store/page.ts'
import { argument, defineCommand, line, option, required } from './command.ts'
import { answerList, iso } from './output.ts'

const LIFE = duration({ min: SECOND, max: 3_650 * DAY })

export const group = {
  en: 'create, list and revoke tokens of operators for /v1/admin',
  zh: '新建、列出、吊销运维人员访问 /v1/admin 的令牌',
}

export const commands = [
  defineCommand({
    path: 'admin-token create',
    words: {
      en: 'create a token for an operator, which is shown only once; read only shows, operate also pauses, resends and the like, admin also creates partners, keys and accounts',
      zh: '为运维人员新建令牌，仅显示这一次；read 只能查看，operate 还可暂停、重发等，admin 还可新建合作方、密钥与账户',
    },
    args: { name: argument('NAME', { en: 'whose it is', zh: '持有者' }, line(MAX_NAME)) },
    options: {
      role: required(option('ROLE', enumOf(ROLES), { en: 'what it may do', zh: '权限' })),
      expires: option('DURATION', LIFE, { en: 'when it ends by itself, such as 90d', zh: '多久后自动失效，例如 90d' }),
    },
    changes: true,
    example: 'admin-token create "Zoë" --role operate --expires 90d',
    onStore: async (store, { name, role, expires, say, call }) => {
      const expiresAt = expires === null ? null : iso(store.now() + expires)
      const data = await call('POST /v1/admin/tokens', { body: { name, role, expiresAt } })
      const created = say({
        en: `Created a token with the role ${role} for ${name}. It is shown only once; save it.`,
        zh: `已为 ${name} 创建角色为 ${role} 的令牌。令牌只显示这一次，请妥善保存。`,
      })
      return { data, text: `${created}\n\n  id     ${data.id}\n  token  ${data.token}` }
    },
  }),
  defineCommand({
    path: 'admin-token list',
    words: { en: 'list the tokens, oldest first', zh: '列出令牌（按时间正序）' },
    onStore: async (store, { say, lang }) => {
      const tokens = await listAll(store.listAdminTokens)
      const rows = tokens.map(({ id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt }) => [
        ...[id, name, role],
        ...[createdAt, lastUsedAt, expiresAt, revokedAt !== null],
      ])
      const head = say({
        en: 'id|name|role|created|last used|expires|revoked',
        zh: 'id|名称|角色|创建时间|最近使用|过期时间|已吊销',
      })
      return answerList(tokens.map(viewToken), { head, rows, lang })
    },
  }),
  defineCommand({
    path: 'admin-token revoke',
    words: { en: 'revoke a token; it stops within two seconds', zh: '吊销令牌；两秒内失效' },
    args: {
      id: argument('TOKEN_ID', { en: 'its id, which "admin-token list" shows', zh: '令牌 id，见 "admin-token list"' }),
    },
    changes: true,
    example: 'admin-token revoke token_01K9Z3N5T8V2X4B6D7F9G1H3J5',
    onStore: async (_store, { id, say, call }) => {
      await call('DELETE /v1/admin/tokens/:id', { id })
      const text = say({ en: `Revoked ${id}. It stops within two seconds.`, zh: `已吊销 ${id}，两秒内失效。` })
      return { data: { id, revoked: true }, text }
    },
  }),
]
