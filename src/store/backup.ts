import { dirname } from 'node:path'
import { HOUR } from '../core/duration.ts'
import type { Words } from '../core/language.ts'

/** The last backups, as the database itself records them. */
export interface LastBackup {
  /** The newest good one: moment of its content (epoch ms), path and size. */
  good: { at: number; path: string; bytes: number } | null
  /** The newest failure that is not over. Earlier versions recorded no `path`. */
  failed: { at: number; reason: string; path?: string } | null
}

/** How a backup ended. `reason`: a word, such as `no_room`. */
export type BackupRecord =
  | { outcome: 'good'; at: number; path: string; bytes: number }
  | { outcome: 'failed'; at: number; reason: string; path: string }

/** After this a backup should have a newer one. */
export const STALE_MS = 36 * HOUR
export const NO_BACKUP: LastBackup = { good: null, failed: null }

/**
 * A failure is over with the next backup into its folder (cron's files have dates in their names), or with one into
 * another folder if none has been tried there for `STALE_MS`. A failed backup keeps the last good one.
 */
export const afterBackup = ({ good, failed }: LastBackup, { outcome, ...record }: BackupRecord): LastBackup => {
  const isSame = failed?.path === undefined || dirname(failed.path) === dirname(record.path)
  const left = failed && !isSame && record.at - failed.at <= STALE_MS ? failed : null
  return 'reason' in record ? { good, failed: left ?? record } : { good: record, failed: left }
}

/** Why a backup cannot be made or used, with its file or folder and the remedy. */
const PROBLEMS = {
  postgres: () => ({
    en: `DATABASE_URL names PostgreSQL, which is backed up and restored with its own tools, such as pg_dump (docs/postgresql.md)`,
    zh: `DATABASE_URL 指向 PostgreSQL，请用其自带工具（如 pg_dump）备份和恢复（见 docs/postgresql.zh-CN.md）`,
  }),
  taken: path => ({
    en: `${path} is there already, and is not overwritten (a .partial is a backup that was broken off, or is being made)`,
    zh: `${path} 已存在，不会覆盖（.partial 是被中断或正在进行的备份）`,
  }),
  missing: path => ({
    en: `${path} is not there, or cannot be read`,
    zh: `${path} 不存在或无法读取`,
  }),
  no_room: path => ({
    en: `${path} has not enough room: make room, or name another disk`,
    zh: `${path} 空间不足：请腾出空间或换一块磁盘`,
  }),
  not_usable: (path, code) => ({
    en: `${path} cannot be written (${code}): make it, give it to this user, or name another one`,
    zh: `无法写入 ${path}（${code}）：请创建该文件夹、让当前用户有权写入，或换一个`,
  }),
  no_key: path => ({
    en: `MASTER_KEY is not set, and ${path} is not there: put the key of the backed up database there (0600), or set MASTER_KEY`,
    zh: `未设置 MASTER_KEY，且 ${path} 不存在：请把备份所属数据库的密钥放到该处（0600），或设置 MASTER_KEY`,
  }),
  wrong_key: (path, written) => ({
    en: `${path} was written with another master key (fingerprint ${written}): use that one; if the key was changed since, set it as MASTER_KEY_PREVIOUS`,
    zh: `${path} 由另一个主密钥加密（指纹 ${written}）：请使用该密钥；若此后换过密钥，请把它设为 MASTER_KEY_PREVIOUS`,
  }),
  newer_schema: path => ({
    en: `${path} belongs to a later version: use that version`,
    zh: `${path} 属于更新的版本：请使用该版本`,
  }),
  not_ours: path => ({
    en: `${path} is not a database of idface-notifier`,
    zh: `${path} 不是 idface-notifier 的数据库`,
  }),
  damaged: (path, found) => ({
    en: `${path} is damaged (${found}): see "A damaged database" in docs/operations.md; of backups, try the one before`,
    zh: `${path} 已损坏（${found}）：见 docs/operations.zh-CN.md 的“数据库损坏”；若是备份，请改用更早的一份`,
  }),
  in_use: path => ({
    en: `${path} is in use: stop the service, and close whatever else has it open (fuser -v names it)`,
    zh: `${path} 正在使用：请停止服务，并关闭其他打开它的程序（可用 fuser -v 查看）`,
  }),
} satisfies Record<string, (path: string, detail: string) => Words>

export type BackupFault = keyof typeof PROBLEMS

export class BackupError extends Error {
  readonly fault: BackupFault
  readonly words: Words

  constructor(fault: BackupFault, path: string, { detail = '', cause }: { detail?: string; cause?: unknown } = {}) {
    const words = PROBLEMS[fault](path, detail)
    super(words.en, { cause })
    this.fault = fault
    this.words = words
  }
}
