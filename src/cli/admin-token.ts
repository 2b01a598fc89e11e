import { createIds, random } from '../app/clock-and-ids.ts'
import { createAdminToken } from '../core/api-key.ts'
import type { Role } from '../core/role.ts'
import { listAll } from '../store/list-all.ts'
import type { AdminToken } from '../store/store.ts'
import { audited } from './audit.ts'
import { print, refuse, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { iso, listJson, showTable } from './frame/output.ts'

const TEXTS = {
  en: {
    created: ({ name, role }: AdminToken) =>
      `Created a token with the role ${role} for ${name}. It is shown this once; keep it.`,
    revoked: ({ id, name }: AdminToken) => `Revoked ${id} of ${name}. It stops within two seconds.`,
    unknown: (id: string) => `There is no token ${id}; "admin-token list" shows them.`,
    head: ['id', 'name', 'role', 'created', 'last used', 'expires', 'revoked'],
  },
  zh: {
    created: ({ name, role }: AdminToken) => `已为 ${name} 创建角色为 ${role} 的令牌。令牌只显示这一次，请妥善保存。`,
    revoked: ({ id, name }: AdminToken) => `已吊销 ${name} 的令牌 ${id}，两秒内失效。`,
    unknown: (id: string) => `没有令牌 ${id}；用 admin-token list 查看。`,
    head: ['id', '名称', '角色', '创建时间', '最近使用', '过期时间', '已吊销'],
  },
}

type NewInput = Common & { name: string; role: Role; expires: number | null }

export const createToken = ({ name, role, expires, json, lang, reason }: NewInput): Promise<void> =>
  withStore(lang, async store => {
    const { id, text, hash } = createAdminToken(createIds()('token'), random)
    const expiresAt = expires === null ? null : store.now() + expires
    const after = { name, role, expiresAt: iso(expiresAt) }
    const token = await audited(store, { act: 'admin_token.create', object: id, reason, after }, () =>
      store.createAdminToken({ id, hash, name, role, expiresAt }),
    )
    if (json) return print(JSON.stringify({ ...viewToken(token), token: text }))
    print(`${TEXTS[lang].created(token)}\n\n  id     ${id}\n  token  ${text}`)
  })

export const listTokens = ({ json, lang }: Common): Promise<void> =>
  withStore(lang, async store => {
    const tokens = await listAll(store.listAdminTokens)
    if (json) return print(listJson(tokens.map(viewToken)))
    const rows = tokens.map(({ id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt }) => [
      ...[id, name, role],
      ...[createdAt, lastUsedAt, expiresAt, revokedAt !== null],
    ])
    print(showTable(TEXTS[lang].head, rows, lang))
  })

export const revokeToken = ({ id, json, lang, reason }: Common & { id: string }): Promise<void> =>
  withStore(lang, async store => {
    const texts = TEXTS[lang]
    const act = { act: 'admin_token.revoke', object: id, reason }
    const token = (await audited(store, act, () => store.revokeAdminToken(id))) ?? refuse(texts.unknown(id))
    print(json ? JSON.stringify(viewToken(token)) : texts.revoked(token))
  })

const viewToken = ({ id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt }: AdminToken) => ({
  id,
  name,
  role,
  createdAt: iso(createdAt),
  lastUsedAt: iso(lastUsedAt),
  expiresAt: iso(expiresAt),
  revoked: revokedAt !== null,
})
