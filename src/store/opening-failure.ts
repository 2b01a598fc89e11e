import { userInfo } from 'node:os'
import { AppError, codeOf, StartError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { mayPassByItself } from './postgres/opening-failure.ts'
import { sqliteCodeOf } from './sqlite/failure.ts'

/** What keeps us from the file, and what to do; `{user}` stands for who we are. */
const ADVICE: readonly (readonly [codes: RegExp, en: string, zh: string])[] = [
  [
    /^(EACCES|EPERM)$/,
    '{user} may not: give that user the file and its folder (chown), or name another path',
    '{user}没有权限：请把该文件及其文件夹的属主改为该用户（chown），或改用其他路径',
  ],
  [
    /^(EROFS|SQLITE_READONLY)/,
    'it is read-only: mount its disk for writing, or name a path on another one',
    '它是只读的：请以可写方式挂载其磁盘，或改用其他磁盘上的路径',
  ],
  [/^(ENOSPC|EDQUOT|SQLITE_FULL)/, 'its disk is full: make room, and start again', '磁盘已满：请腾出空间后重新启动'],
  [
    /^ENOTDIR$/,
    'a part of the path is a file, not a folder: name another path',
    '路径中有一段是文件而不是文件夹：请改用其他路径',
  ],
  [
    /^ENOENT$/,
    'a folder of the path is not there and cannot be made: name another path',
    '路径中有文件夹不存在且无法创建：请改用其他路径',
  ],
  [/^(ELOOP|ENAMETOOLONG)$/, 'the path leads nowhere: name another one', '路径无效：请改用其他路径'],
  [
    /^(EMFILE|ENFILE)$/,
    'too many files are open: raise the limit (ulimit -n)',
    '打开的文件过多：请提高上限（ulimit -n）',
  ],
  [
    /^SQLITE_CANTOPEN/,
    '{user} cannot open it, or its -wal or -shm: look at who owns them, and their folder',
    '{user}无法打开它或它的 -wal、-shm：请检查这些文件及其文件夹的属主',
  ],
  [
    /^SQLITE_(BUSY|LOCKED)/,
    'another process has kept it busy for 10 s: wait until that ends, or end it',
    '另一个进程占用它已超过 10 秒：请等待其结束，或将其结束',
  ],
  [/^SQLITE_IOERR/, 'its disk fails: look into the log of the system', '磁盘读写出错：请查看系统日志'],
]

/** What is over once others have made room, or have ended. */
const PASSING = /^(ENOSPC|EDQUOT|SQLITE_(FULL|BUSY|LOCKED))/

/** SQLite's or the system's. Of an error of ours, the one that its message tells. */
const reasonCodeOf = (error: unknown): string => {
  const told = error instanceof AppError ? /\bSQLITE_\w+/.exec(error.message)?.[0] : undefined
  return String(told ?? (sqliteCodeOf(error) || codeOf(error)))
}

/** Whether what `explainStart` has explained may pass by itself: the next start may work with the same settings. */
export const mayPass = (error: unknown): boolean =>
  error instanceof Error && (PASSING.test(reasonCodeOf(error.cause)) || mayPassByItself(error.cause))

const whoWeAre = (): Words => {
  try {
    const { username, uid } = userInfo()
    return { en: `user ${username} (uid ${uid})`, zh: `用户 ${username}（uid ${uid}）` }
  } catch {
    const uid = process.getuid?.() ?? 'unknown'
    return { en: `uid ${uid}`, zh: `uid ${uid} ` }
  }
}

/**
 * The error that keeps the database from being opened, as a sentence that names the setting, the absolute path, who we are where
 * that matters, and what to do. An error that says all of that already, or that nobody foresaw, stays what it is.
 *
 * @param path the database's
 */
export const explainOpening = (error: unknown, path: string): unknown => {
  if (error instanceof StartError) return error
  const code = reasonCodeOf(error)
  const advice = ADVICE.find(([codes]) => codes.test(code))
  if (advice === undefined) return error
  const [, en, zh] = advice
  const { path: failed } = error as { path?: unknown }
  const key = `${path}.key`
  // Of a file that is made beside the database the name says nothing to anybody.
  const isDraft = typeof failed !== 'string' || (failed.startsWith(`${path}.`) && failed !== key)
  const where = isDraft ? path : failed
  const setting = where === key ? 'MASTER_KEY' : 'DATABASE_URL'
  const user = whoWeAre()
  const words = {
    en: `${setting}: ${where} cannot be used (${code}): ${en.replace('{user}', user.en)}`,
    zh: `${setting}：无法使用 ${where}（${code}）：${zh.replace('{user}', user.zh)}`,
  }
  return new StartError(words, { cause: error })
}
