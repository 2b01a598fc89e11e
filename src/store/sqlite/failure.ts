import { codeOf } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { StoreError } from '../stats.ts'
import { type Codes, meaningOf, wordsOf } from '../unavailable.ts'

/**
 * What SQLite's error means for the database. `busy`: somebody else is writing. `passing`: not now, as on a full disk.
 * `broken`: what was written may be lost or is damaged, so nothing more may be acknowledged. Null: an error of the caller's.
 */
export type Failure = 'busy' | 'passing' | 'broken' | null

const PASSING = /^SQLITE_(LOCKED|FULL|READONLY|CANTOPEN|IOERR_SHM)/
const BROKEN = /^SQLITE_(IOERR|CORRUPT|NOTADB)/
const DAMAGE = /\bSQLITE_(CORRUPT|NOTADB)/

/** As SQLite names the error; empty for what is none of SQLite's. drizzle wraps some in its own. */
export const sqliteCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = codeOf(cause)
  return cause instanceof Error && typeof code === 'string' && code.startsWith('SQLITE_') ? code : ''
}

export const judgeFailure = (error: unknown): Failure => {
  const code = sqliteCodeOf(error)
  if (code.startsWith('SQLITE_BUSY')) return 'busy'
  if (PASSING.test(code)) return 'passing'
  return BROKEN.test(code) ? 'broken' : null
}

const KINDS: Codes<StoreError> = [
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
  [/^SQLITE_FULL/, 'full'],
  [DAMAGE, 'corrupt'],
  [/^SQLITE_IOERR/, 'io'],
]

/** By what an error of SQLite's is counted. */
export const storeErrorOf = (error: unknown): StoreError => meaningOf(KINDS, sqliteCodeOf(error)) ?? 'other'

/** Whether SQLite has found the file itself damaged. It is told within the error's message, which crosses threads. */
export const isDamage = ({ message }: Error): boolean => DAMAGE.test(message)

/** Whether its disk is full; told as damage is. */
export const isFull = ({ message }: Error): boolean => /\bSQLITE_FULL\b/.test(message)

/** What keeps us from the database for now, in words; for any other error, its code alone. */
const WORDS: Codes<Words> = [
  [/^SQLITE_FULL/, { en: 'its disk is full', zh: '磁盘已满' }],
  [/^SQLITE_READONLY/, { en: 'it is read-only', zh: '数据库只读' }],
  [/^SQLITE_CANTOPEN/, { en: 'a file of it cannot be opened', zh: '无法打开它的某个文件' }],
  [/^SQLITE_(BUSY|LOCKED)/, { en: 'another process keeps it busy', zh: '被另一个进程占用' }],
]

export const describeFailure = (error: unknown): Words => wordsOf(WORDS, sqliteCodeOf(error))

/** Why nothing more is asked of it. */
export const CLOSED: Words = { en: 'it has been closed', zh: '已关闭' }
