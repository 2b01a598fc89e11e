import Table from 'cli-table3'
import { createIds, random } from '../app/clock-and-ids.ts'
import type { Language } from '../config/setting.ts'
import { createAdminToken } from '../core/api-key.ts'
import type { Role } from '../core/role.ts'
import type { AdminToken, Store } from '../store/store.ts'
import { type ReasonOption, recordCommand } from './audit.ts'
import { type JsonOption, print, refuse, withStore } from './environment.ts'
import { languageOf } from './language.ts'

type Options = JsonOption & { lang?: Language }

const PAGE = 250
const LONGEST_NAME = 100

const TEXTS = {
  en: {
    badName: `NAME must have 1 to ${LONGEST_NAME} characters, without control characters.`,
    created: ({ name, role }: AdminToken) =>
      `Created a token with the role ${role} for ${name}. It is shown this once; keep it.`,
    revoked: ({ id, name }: AdminToken) => `Revoked ${id} of ${name}. It stops within two seconds.`,
    unknown: (id: string) => `There is no token ${id}; "admin-token list" shows them.`,
    head: ['id', 'name', 'role', 'created (UTC)', 'last used (UTC)', 'expires (UTC)', 'revoked'],
    none: '(none)',
    yes: 'yes',
    no: 'no',
  },
  zh: {
    badName: `NAME 须为 1 至 ${LONGEST_NAME} 个字符，不得含控制字符。`,
    created: ({ name, role }: AdminToken) => `已为 ${name} 创建角色为 ${role} 的令牌。令牌只显示这一次，请妥善保存。`,
    revoked: ({ id, name }: AdminToken) => `已吊销 ${name} 的令牌 ${id}，两秒内失效。`,
    unknown: (id: string) => `没有令牌 ${id}；用 admin-token list 查看。`,
    head: ['id', '名称', '角色', '创建时间（UTC）', '最近使用（UTC）', '过期时间（UTC）', '已吊销'],
    none: '（无）',
    yes: '是',
    no: '否',
  },
}

const textsOf = ({ lang = languageOf(process.env) }: Options) => TEXTS[lang]

export const createToken = (
  name: string,
  options: Options & ReasonOption & { role: Role; expires?: number },
): Promise<void> => {
  const texts = textsOf(options)
  const { json, role, expires, reason = '' } = options
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > LONGEST_NAME || /\p{Cc}/u.test(trimmed)) refuse(texts.badName)
  return withStore(async store => {
    const { id, text, hash } = createAdminToken(createIds()('token'), random)
    const expiresAt = expires === undefined ? null : store.now() + expires
    const token = await store.createAdminToken({ id, hash, name: trimmed, role, expiresAt })
    await recordCommand(store, { act: 'admin_token.create', object: id, reason })
    if (json) return print(JSON.stringify({ ...viewToken(token), token: text }))
    print(`${texts.created(token)}\n\n  id     ${id}\n  token  ${text}`)
  })
}

export const listTokens = (options: Options): Promise<void> =>
  withStore(async store => {
    const texts = textsOf(options)
    const tokens = await allTokens(store)
    if (options.json) return print(JSON.stringify({ data: tokens.map(viewToken), nextCursor: null }))
    if (tokens.length === 0) return print(texts.none)
    const table = new Table({ head: texts.head, style: { head: [], border: [] } })
    for (const { id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt } of tokens) {
      const isRevoked = revokedAt === null ? texts.no : texts.yes
      table.push([id, name, role, showTime(createdAt), showTime(lastUsedAt), showTime(expiresAt), isRevoked])
    }
    print(table.toString())
  })

export const revokeToken = (id: string, options: Options & ReasonOption): Promise<void> =>
  withStore(async store => {
    const texts = textsOf(options)
    const token = (await store.revokeAdminToken(id)) ?? refuse(texts.unknown(id))
    await recordCommand(store, { act: 'admin_token.revoke', object: id, ...options })
    print(options.json ? JSON.stringify(viewToken(token)) : texts.revoked(token))
  })

const allTokens = async (store: Store): Promise<AdminToken[]> => {
  const tokens: AdminToken[] = []
  for (;;) {
    const page = await store.listAdminTokens({ limit: PAGE, after: tokens.at(-1)?.id ?? null })
    tokens.push(...page)
    if (page.length < PAGE) return tokens
  }
}

const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
const showTime = (time: number | null): string => iso(time)?.slice(0, 19).replace('T', ' ') ?? '-'

const viewToken = ({ id, name, role, createdAt, lastUsedAt, expiresAt, revokedAt }: AdminToken) => ({
  id,
  name,
  role,
  createdAt: iso(createdAt),
  lastUsedAt: iso(lastUsedAt),
  expiresAt: iso(expiresAt),
  revoked: revokedAt !== null,
})
