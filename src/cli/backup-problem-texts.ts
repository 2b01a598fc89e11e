import type { Language } from '../core/language.ts'
import type { BackupProblem } from '../store/backup-problem.ts'

type Kind = BackupProblem['kind']
type Of<K extends Kind> = Extract<BackupProblem, { kind: K }>
type Texts = { [K in Kind]: (problem: Of<K>) => string }

const en: Texts = {
  postgres: () =>
    'DATABASE_URL names PostgreSQL, which is backed up and restored with its own tools: pg_dump for a copy, a base backup with the archived log for any moment ("PostgreSQL" in docs/operations.md)',
  is_folder: ({ path }) => `${path} is a folder: name a file in it`,
  exists: ({ path }) =>
    `${path} is there already, and is not overwritten: name another file, or remove it (a .partial is a backup that was broken off, or is being made)`,
  no_folder: ({ path }) => `the folder ${path} is not there: make it, or mount its disk`,
  not_writable: ({ path, code }) =>
    `${path} cannot be written (${code}): give this user the folder, or name another one`,
  no_room: ({ path }) => `${path} has not enough room: make room, or name another disk`,
  no_database: ({ path }) =>
    `there is no database at ${path}: correct DATABASE_URL, or the folder that this is started in`,
  no_backup: ({ path }) => `there is no backup at ${path}`,
  not_readable: ({ path, code }) => `${path} cannot be read (${code}): look at who owns it, and at its folder`,
  no_key: ({ path }) =>
    `MASTER_KEY is not set, and ${path} is not there: put the key of the backed up database there (0600), or set MASTER_KEY`,
  wrong_key: ({ path, writtenWith, given }) =>
    `${path} was written with another master key (fingerprint ${writtenWith}; MASTER_KEY has ${given}): use that one; if the key was changed since, set it as MASTER_KEY_PREVIOUS`,
  newer_schema: ({ path }) => `${path} belongs to a later version of idface-notifier: use that version`,
  not_ours: ({ path }) => `${path} is not a database of idface-notifier`,
  damaged: ({ path, found }) =>
    `${path} is damaged (${found}): see "A damaged database" in docs/operations.md; of backups, try the one before`,
  in_use: ({ path }) => `${path} is in use: stop the service, and close whatever else has it open (fuser -v names it)`,
}

const zh: Texts = {
  postgres: () =>
    'DATABASE_URL 指向 PostgreSQL，请用其自带工具备份和恢复：pg_dump 保存一份副本，基础备份加归档日志可恢复到任意时刻（见 docs/operations.zh-CN.md 的“PostgreSQL”）',
  is_folder: ({ path }) => `${path} 是文件夹：请指定其中的一个文件`,
  exists: ({ path }) => `${path} 已存在，不会覆盖：请换一个文件名，或先删除它（.partial 是被中断或正在进行的备份）`,
  no_folder: ({ path }) => `文件夹 ${path} 不存在：请先创建，或挂载其所在磁盘`,
  not_writable: ({ path, code }) => `无法写入 ${path}（${code}）：请让当前用户有权写该文件夹，或换一个文件夹`,
  no_room: ({ path }) => `${path} 空间不足：请腾出空间，或换一块磁盘`,
  no_database: ({ path }) => `${path} 处没有数据库：请检查 DATABASE_URL 或启动时所在的文件夹`,
  no_backup: ({ path }) => `${path} 处没有备份`,
  not_readable: ({ path, code }) => `无法读取 ${path}（${code}）：请检查其属主及所在文件夹`,
  no_key: ({ path }) =>
    `未设置 MASTER_KEY，且 ${path} 不存在：请把备份所属数据库的密钥放到该处（0600），或设置 MASTER_KEY`,
  wrong_key: ({ path, writtenWith, given }) =>
    `${path} 由另一个主密钥加密（指纹 ${writtenWith}，MASTER_KEY 的指纹为 ${given}）：请使用该密钥；若此后换过密钥，请把它设为 MASTER_KEY_PREVIOUS`,
  newer_schema: ({ path }) => `${path} 属于更新版本的 idface-notifier：请使用该版本`,
  not_ours: ({ path }) => `${path} 不是 idface-notifier 的数据库`,
  damaged: ({ path, found }) =>
    `${path} 已损坏（${found}）：见 docs/operations.zh-CN.md 的“数据库损坏”；若是备份，请改用更早的一份`,
  in_use: ({ path }) => `${path} 正在使用：请停止服务，并关闭其他打开它的程序（可用 fuser -v 查看）`,
}

/** What keeps a backup from being made or used, and what to do. */
export const problemText = (problem: BackupProblem, language: Language): string => {
  const texts = { en, zh }[language]
  return (texts[problem.kind] as (one: BackupProblem) => string)(problem)
}
