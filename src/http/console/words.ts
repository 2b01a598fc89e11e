import type { Words } from '../../core/language.ts'
import type { MessageState } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import type { MeAnswer } from '../partner/me.ts'
import type { Reader } from './page.ts'

/** What the words of the API are called. */
export const STATUS_WORDS: Readonly<Record<RegistrationStatus, Words>> = {
  pending: { en: 'pending', zh: '等待中' },
  succeeded: { en: 'succeeded', zh: '通过' },
  failed: { en: 'failed', zh: '未通过' },
  unresolved: { en: 'unresolved', zh: '无结果' },
  cancelled: { en: 'cancelled', zh: '已取消' },
}
export const DELIVERY_WORDS: Readonly<Record<MessageState, Words>> = {
  pending: { en: 'pending', zh: '待投递' },
  delivered: { en: 'delivered', zh: '已送达' },
  exhausted: { en: 'exhausted', zh: '已放弃' },
}
export const REASON_WORDS: Readonly<Record<Reason, Words>> = {
  expired: { en: 'no verdict in time', zh: '已过截止时间' },
  not_found: { en: 'never known', zh: '始终查不到' },
  gone: { en: 'no longer known', zh: '后来查不到' },
  invalid_id: { en: 'malformed serial', zh: '流水号格式错误' },
  unknown_status: { en: 'undocumented status', zh: '未知状态' },
}
/** What the webhooks of a partner carry. */
export const PAYLOAD: Words = { en: 'Webhooks', zh: '回调内容' }
export const PAYLOAD_WORDS: Readonly<Record<MeAnswer['payload'], Words>> = {
  full: { en: 'full', zh: '完整（full）' },
  thin: { en: 'thin: without the scores and the message', zh: '精简（thin）：不含分数和 message' },
}

/** A status, with why it is so. */
export const statusOf = ({ t }: Reader, status: RegistrationStatus, reason: Reason | null): string =>
  reason === null
    ? t(STATUS_WORDS[status])
    : t({
        en: `${STATUS_WORDS[status].en} (${REASON_WORDS[reason].en})`,
        zh: `${STATUS_WORDS[status].zh}（${REASON_WORDS[reason].zh}）`,
      })
