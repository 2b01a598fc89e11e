import { createIds, random } from '../app/clock-and-ids.ts'
import { duration, enumOf } from '../config/parsers.ts'
import { createAdminToken } from '../core/api-key.ts'
import { DAY, SECOND } from '../core/duration.ts'
import { MAX_NAME } from '../core/line.ts'
import { ROLES } from '../core/role.ts'
import type { AdminToken } from '../store/operators/admin-tokens.ts'
import { listAll } from '../store/page.ts'
import { argument, defineCommand, line, option, required } from './command.ts'
import { refuse } from './ending.ts'
import { answerList, iso } from './output.ts'

const LIFE = duration({ min: SECOND, max: 3_650 * DAY })

const viewToken = ({ id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt }: AdminToken) => ({
  id,
  name,
  role,
  createdAt: iso(createdAt),
  lastUsedAt: iso(lastUsedAt),
  expiresAt: iso(expiresAt),
  revoked: revokedAt !== null,
})

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
    onStore: async (store, { name, role, expires, say, audited }) => {
      const { id, text, hash } = createAdminToken(createIds()('token'), random)
      const expiresAt = expires === null ? null : store.now() + expires
      const after = { name, role, expiresAt: iso(expiresAt) }
      const token = await audited({ act: 'admin_token.create', object: id, after }, () =>
        store.createAdminToken({ id, hash, name, role, expiresAt }),
      )
      const created = say(
        `Created a token with the role ${role} for ${name}. It is shown only once; save it.`,
        `已为 ${name} 创建角色为 ${role} 的令牌。令牌只显示这一次，请妥善保存。`,
      )
      return { data: { ...viewToken(token), token: text }, text: `${created}\n\n  id     ${id}\n  token  ${text}` }
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
      const head = say(
        'id|name|role|created|last used|expires|revoked',
        'id|名称|角色|创建时间|最近使用|过期时间|已吊销',
      )
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
    onStore: async (store, { id, say, audited }) => {
      const token = await audited({ act: 'admin_token.revoke', object: id }, () => store.revokeAdminToken(id))
      if (!token)
        return refuse(
          `There is no token ${id}; "admin-token list" shows all.`,
          `没有令牌 ${id}；用 admin-token list 查看。`,
        )
      const text = say(
        `Revoked ${id} of ${token.name}. It stops within two seconds.`,
        `已吊销 ${token.name} 的令牌 ${id}，两秒内失效。`,
      )
      return { data: viewToken(token), text }
    },
  }),
]
