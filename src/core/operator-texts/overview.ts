import type { Language, Words } from '../language.ts'

/** Texts that the console and `status` share. */
export const NO_TROUBLE: Words = { en: 'Nothing is wrong.', zh: '一切正常。' }
export const QUEUE = {
  due: { en: 'Due now', zh: '已到期' },
  oldest: { en: 'Longest wait', zh: '最长等待' },
  leased: { en: 'Under way', zh: '进行中' },
  scheduled: { en: 'Scheduled', zh: '未到期' },
  held: { en: 'Held', zh: '暂停' },
} satisfies Record<string, Words>
export const ANSWERS: Words = { en: 'GetResult answers in', zh: 'GetResult 平均响应时间' }
export const DISABLED: Words = {
  en: 'Disabled partners with waiting work: ',
  zh: '合作方已停用，但仍有登记待查询或回调待投递：',
}
/** A new webhook is due at once, unless its partner is disabled. */
export const retried = (count: string, disabled: readonly unknown[]): Words =>
  disabled.length === 0
    ? { en: `Webhooks waiting for a retry: ${count}`, zh: `${count} 个回调投递失败，等待重试` }
    : {
        en: `Webhooks waiting for a retry, or of disabled partners: ${count}`,
        zh: `${count} 个回调等待重试，或属于已停用的合作方`,
      }
/** Why a backup failed; any other reason is shown as it is. */
export const BACKUP_FAULTS: Readonly<Record<string, Words>> = {
  no_room: { en: 'not enough room', zh: '空间不足' },
  not_usable: { en: 'the target cannot be written', zh: '备份位置无法写入' },
  damaged: { en: 'the database is damaged', zh: '数据库已损坏' },
}
export const LAST_BACKUP: Words = { en: 'Last backup', zh: '最近备份' }
export const NO_BACKUP: Words = { en: 'never', zh: '从未备份' }

/** Causes behind `no_response`, which only operators see. */
const CAUSES: Readonly<Record<string, Words>> = {
  ENOTFOUND: { en: 'the host name has no address: its DNS record is missing', zh: '域名无法解析' },
  ENODATA: { en: 'the host name has no address of the kind that is asked for', zh: '域名没有可用的地址记录' },
  ECONNREFUSED: { en: 'the connection is refused: nothing listens at this port', zh: '连接被拒绝：端口未监听' },
  ECONNRESET: { en: 'the connection is closed before a response comes', zh: '收到响应前连接已断开' },
  connect_timeout: { en: 'no connection in time: a firewall may drop it', zh: '建立连接超时，可能被防火墙丢弃' },
  timeout: { en: 'the connection is made, but no response comes in time', zh: '连接已建立，但响应超时' },
}
export const causeOf = (error: string): Words | null => CAUSES[error.split(' ')[1] ?? ''] ?? null

/** An error with its cause in words, where that has any. */
export const showError = (error: string, language: Language): string => {
  const cause = causeOf(error)?.[language]
  return cause === undefined ? error : `${error}${language === 'en' ? ': ' : '：'}${cause}`
}
