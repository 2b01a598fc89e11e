import type { Language } from '../core/language.ts'
import { showBytes } from '../core/show-sizes.ts'
import type { BackupProblem } from '../store/backup-problem.ts'

type Kind = BackupProblem['kind']
type Of<K extends Kind> = Extract<BackupProblem, { kind: K }>
type Texts = { [K in Kind]: (problem: Of<K>) => string }

type Holders = Of<'in_use'>['holders']
const namesOf = (holders: Holders): string => holders.map(({ pid, command }) => `${command} (pid ${pid})`).join(', ')

const en: Texts = {
  postgres: () =>
    'DATABASE_URL names PostgreSQL, which is backed up and restored with its own tools: pg_dump for a copy, a base backup with the archived log for any moment ("PostgreSQL" in docs/operations.md)',
  is_folder: ({ path }) => `${path} is a folder: name a file in it`,
  exists: ({ path }) => `${path} is there already, and is not overwritten: name another file, or remove it`,
  no_folder: ({ path }) => `the folder ${path} is not there: make it, or mount its disk`,
  not_writable: ({ path, code }) =>
    `${path} cannot be written (${code}): give this user the folder, or name another one`,
  no_room: ({ path, needed, free }) =>
    `${path} has not enough room: ${needed === 0 ? '' : `${showBytes(needed)} are needed, and `}${showBytes(free)} are free. Make room, or name another disk`,
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
  counts_differ: ({ path, table, expected, found }) =>
    `the copy of ${path} is not whole: ${found} rows in ${table} instead of ${expected}. Check disk and memory, then try again`,
  no_manifest: ({ path }) =>
    `${path} is not there, which says what the backup must be: put it beside the backup. If it is lost, --without-manifest looks through the file instead`,
  bad_manifest: ({ path }) =>
    `${path} is no manifest of a backup: put the right one there. If it is lost, --without-manifest looks through the file instead`,
  wrong_size: ({ path, expected, found }) =>
    `${path} has ${found} bytes, and its manifest says ${expected}: it is cut off, or another file. Copy it again, or use another backup`,
  wrong_hash: ({ path }) =>
    `${path} is not what its manifest says (SHA-256): it was changed or damaged since. Copy it again, or use another backup`,
  has_log: ({ path }) =>
    `${path} belongs to a database that was not closed: this is no backup yet. Open it once with sqlite3, so that its log is put into it, then use --without-manifest`,
  in_use: ({ path, holders }) =>
    `${path} is in use by ${holders.length === 0 ? 'a service' : namesOf(holders)}: stop it first`,
  half_restored: ({ path, keptAs, marker }) =>
    `a restore into ${path} has not ended: run "restore" again with the same backup (the database before it is ${keptAs}, and ${marker} says so)`,
  stopped: () => 'stopped; nothing of it is left',
}

const zh: Texts = {
  postgres: () =>
    'DATABASE_URL 指向 PostgreSQL，请用其自带工具备份和恢复：pg_dump 保存一份副本，基础备份加归档日志可恢复到任意时刻（见 docs/operations.zh-CN.md 的“PostgreSQL”）',
  is_folder: ({ path }) => `${path} 是文件夹：请指定其中的一个文件`,
  exists: ({ path }) => `${path} 已存在，不会覆盖：请换一个文件名，或先删除它`,
  no_folder: ({ path }) => `文件夹 ${path} 不存在：请先创建，或挂载其所在磁盘`,
  not_writable: ({ path, code }) => `无法写入 ${path}（${code}）：请让当前用户有权写该文件夹，或换一个文件夹`,
  no_room: ({ path, needed, free }) =>
    `${path} 空间不足：${needed === 0 ? '' : `需要 ${showBytes(needed)}，`}可用 ${showBytes(free)}。请腾出空间，或换一块磁盘`,
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
  counts_differ: ({ path, table, expected, found }) =>
    `${path} 的副本不完整：表 ${table} 有 ${found} 行，应为 ${expected} 行。请检查磁盘与内存后重试`,
  no_manifest: ({ path }) =>
    `${path} 不存在，而它记载备份应有的内容：请把它放到备份旁边。若已丢失，可用 --without-manifest 改为逐页检查备份文件`,
  bad_manifest: ({ path }) =>
    `${path} 不是备份清单：请放上正确的清单。若已丢失，可用 --without-manifest 改为逐页检查备份文件`,
  wrong_size: ({ path, expected, found }) =>
    `${path} 为 ${found} 字节，清单记载 ${expected} 字节：文件被截断，或不是同一个文件。请重新复制，或改用另一份备份`,
  wrong_hash: ({ path }) => `${path} 与清单不符（SHA-256）：此后被改动或已损坏。请重新复制，或改用另一份备份`,
  has_log: ({ path }) =>
    `${path} 属于未正常关闭的数据库，还不是备份：请用 sqlite3 打开一次，使日志并入文件，再用 --without-manifest`,
  in_use: ({ path, holders }) => `${path} 正被${holders.length === 0 ? '某个服务' : namesOf(holders)}使用：请先停止它`,
  half_restored: ({ path, keptAs, marker }) =>
    `对 ${path} 的恢复尚未完成：请用同一份备份再次运行 restore（恢复前的数据库是 ${keptAs}，见 ${marker}）`,
  stopped: () => '已中止，未留下任何文件',
}

/** What keeps a backup from being made or used, and what to do. */
export const problemText = (problem: BackupProblem, language: Language): string => {
  const texts = { en, zh }[language]
  return (texts[problem.kind] as (one: BackupProblem) => string)(problem)
}
