import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import type { ListedState, MessageState } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Role } from '../../core/role.ts'
import type { Reason } from '../../core/verification.ts'
import type { AccountAnswer } from '../admin/accounts.ts'
import type { AUDIT_CALLS } from '../admin/audit.ts'
import { QUOTA_NAMES } from '../json/fields.ts'
import { errorText } from '../partner/explain-sentence.ts'
import type { MeAnswer } from '../partner/me.ts'
import type { SigningSecretAnswer } from '../partner/signing-secrets.ts'
import { badge, type Html, type Reader, type Tone } from './page.ts'

/** An act of the audit. */
export type Act = z.output<(typeof AUDIT_CALLS)['GET /v1/admin/audit']['answers'][200]>['data'][number]

export const STATE: Words = { en: 'State', zh: '状态' }
export const WHO: Words = { en: 'Who', zh: '操作人' }
export const OUTCOMES = {
  begun: { en: 'begun', zh: '已开始' },
  done: { en: 'done', zh: '已完成' },
  refused: { en: 'refused', zh: '被拒绝' },
  failed: { en: 'failed', zh: '失败' },
} satisfies Record<Act['outcome'], Words>
export const BY_KEY: Words = {
  en: 'This session began with a console link, which may not change this. Sign in with an API key.',
  zh: '当前通过控制台链接登录，不能更改此项。请用 API 密钥登录。',
}
export const CREATED: Words = { en: 'Created', zh: '创建时间' }
/** Names of the API's values. */
export const STATUS_WORDS: Readonly<Record<RegistrationStatus, Words>> = {
  pending: { en: 'pending', zh: '等待中' },
  succeeded: { en: 'succeeded', zh: '通过' },
  failed: { en: 'failed', zh: '未通过' },
  unresolved: { en: 'unresolved', zh: '未决' },
  cancelled: { en: 'cancelled', zh: '已取消' },
}
export const DELIVERY_WORDS: Readonly<Record<ListedState, Words>> = {
  pending: { en: 'pending', zh: '待投递' },
  held: { en: 'held', zh: '暂停' },
  delivered: { en: 'delivered', zh: '已送达' },
  exhausted: { en: 'given up', zh: '已放弃' },
}
export const REASON_WORDS: Readonly<Record<Reason, Words>> = {
  expired: { en: 'no verdict in time', zh: '已过截止时间' },
  not_found: { en: 'serial never found', zh: '始终查不到' },
  gone: { en: 'serial no longer found', zh: '后来查不到' },
  invalid_id: { en: 'malformed serial', zh: '流水号格式错误' },
  unknown_status: { en: 'undocumented status', zh: '未知状态' },
}
export const limitOf = (quota: keyof typeof QUOTA_NAMES): Words => {
  const { en, zh } = QUOTA_NAMES[quota]
  return { en: `Limit of ${en}`, zh: `${zh}上限` }
}
export const usageOf = (quota: keyof typeof QUOTA_NAMES): Words => {
  const { en, zh } = QUOTA_NAMES[quota]
  return { en: en.charAt(0).toUpperCase() + en.slice(1), zh }
}
export const NO_LIMIT: Words = { en: 'no limit', zh: '不限' }
/** Content of a partner's webhooks. */
export const PAYLOAD: Words = { en: 'Webhook content', zh: '回调内容' }
export const PAYLOAD_WORDS: Readonly<Record<MeAnswer['payload'], Words>> = {
  full: { en: 'full', zh: '完整（full）' },
  thin: { en: 'thin: without the scores and the message', zh: '精简（thin）：不含分数和 message' },
}

export const MODE_WORDS: Readonly<Record<AccountAnswer['mode'], Words>> = {
  dynamic: { en: 'dynamic', zh: '动态（dynamic）' },
  static: { en: 'static', zh: '静态（static）' },
}
export const ROLE_WORDS: Readonly<Record<Role, Words>> = {
  read: { en: 'read: sees', zh: 'read：只能查看' },
  operate: { en: 'operate: also pauses, resends and the like', zh: 'operate：还可暂停、重发等' },
  admin: { en: 'admin: all', zh: 'admin：全部权限' },
}
export const REVOKE: Words = { en: 'Revoke', zh: '吊销' }
export const REVOKED: Words = { en: 'revoked', zh: '已吊销' }
export const LAST_USED: Words = { en: 'Last used', zh: '最近使用' }
export const EXPIRES: Words = { en: 'Expires', zh: '到期时间' }
export const SIGNATURE_WORDS: Readonly<Record<SigningSecretAnswer['type'], Words>> = {
  v1: { en: 'v1: HMAC-SHA256, one secret for both sides', zh: 'v1：HMAC-SHA256，共享密钥' },
  v1a: { en: 'v1a: ed25519, with a public key', zh: 'v1a：ed25519，使用公钥' },
}
export const SIGNING_SECRET: Words = { en: 'Signing secret', zh: '签名密钥' }
/** How long the previous secrets go on signing. */
export const OVERLAP_WORDS = {
  '24h': { en: '24 hours', zh: '24 小时' },
  '7d': { en: '7 days', zh: '7 天' },
  '30d': { en: '30 days', zh: '30 天' },
  '0s': { en: 'none: the old secrets end now', zh: '无：旧密钥立即失效' },
}
export const TTL_WORDS = {
  '15m': { en: '15 minutes', zh: '15 分钟' },
  '1h': { en: '1 hour', zh: '1 小时' },
  '8h': { en: '8 hours', zh: '8 小时' },
  '24h': { en: '24 hours', zh: '24 小时' },
}

/** The tone of a state, whatever is in it. */
const TONES = {
  ...{ succeeded: 'good', delivered: 'good', done: 'good' },
  ...{ failed: 'bad', exhausted: 'bad', rejected: 'bad', gone: 'bad', refused: 'bad', failing: 'bad' },
  ...{ unresolved: 'warned', stopped: 'warned', disabled: 'warned', held: 'warned' },
  ...{ pending: 'busy', probing: 'busy', running: 'busy', begun: 'busy' },
  ...{ cancelled: 'idle', draft: 'idle' },
} as const satisfies Record<string, Tone>
/** The badge of a state, by its words. */
export const stateBadge = <State extends keyof typeof TONES>(
  { t }: Reader,
  words: Readonly<Record<State, Words>>,
  state: State,
): Html => badge(TONES[state], t(words[state]))

/** The state of a webhook. */
export const deliveryBadge = (
  reader: Reader,
  { state, nextAttemptAt }: { state: MessageState; nextAttemptAt: string | null },
): Html => stateBadge(reader, DELIVERY_WORDS, state === 'pending' && nextAttemptAt === null ? 'held' : state)

/** A status with its reason. */
export const statusOf = (reader: Reader, status: RegistrationStatus, reason: Reason | null): Html =>
  html`${stateBadge(reader, STATUS_WORDS, status)}${reason === null ? '' : html` <small>${reader.t(REASON_WORDS[reason])}</small>`}`

/** The error of the last attempt, with advice. */
export const errorCell = ({ language }: Reader, error: string | null): Html => {
  const text = error && errorText(error, language)
  return html`${error ? html`<code class="whole">${error}</code>` : '–'}${text ? html`<br><small>${text}</small>` : ''}`
}
