import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import type { Store, StoreError } from './store.ts'

const BUSY = ['others keep it busy', '被其他会话占用'] as const

/** By what an error of an engine is counted, and what whoever called is told, beside its code; the first that fits. */
const CODES: readonly (readonly [codes: RegExp, kind: StoreError, en: string, zh: string])[] = [
  [/^(SQLITE_(BUSY|LOCKED).*|55P03|53300|EXHAUSTED)$/, 'busy', ...BUSY],
  [/^(40001|40P01)$/, 'serialization', ...BUSY],
  [/^(57014|25P0[34]|TIMEOUT)$/, 'timeout', 'it takes too long', '响应超时'],
  [/^(08\w{3}|57P0\d|E(?!RR_)[A-Z_]+|LOST)$/, 'connection', 'it does not answer', '没有响应'],
  [/^(SQLITE_FULL|53100)$/, 'full', 'its disk is full', '磁盘已满'],
  [/^(SQLITE_(CORRUPT|NOTADB).*|XX00[12])$/, 'corrupt', 'it is damaged', '已损坏'],
  [/^(SQLITE_IOERR.*|58\w{3})$/, 'io', 'its disk fails', '磁盘读写失败'],
  [/^(SQLITE_READONLY.*|25006)$/, 'other', 'it is read-only', '数据库只读'],
]

export const storeErrorOf = (code: string): StoreError => CODES.find(([codes]) => codes.test(code))?.[1] ?? 'other'

/** What keeps us from the database for now, with the code, so that it can be looked up. */
export const describeCode = (code: string): Words => {
  const [, , en, zh] = CODES.find(([codes]) => codes.test(code)) ?? []
  return en === undefined ? { en: code, zh: code } : { en: `${en}: ${code}`, zh: `${zh}：${code}` }
}

const RETRY_AFTER_MS = 1_000

/** @param why in words that anybody who called may read */
export const unavailable = (why: Words): AppError =>
  new AppError(
    'unavailable',
    { en: `the database cannot be used now (${why.en})`, zh: `数据库暂时无法使用（${why.zh}）` },
    { retryAfterMs: RETRY_AFTER_MS },
  )

/** The code that our error for whoever called tells; null: it tells none. */
export const databaseErrorOf = (error: unknown): string | null =>
  error instanceof Error ? (TOLD.exec(error.message)?.slice(1).find(Boolean) ?? null) : null

const TOLD = /\b(SQLITE_\w+)|[(:] ?([A-Z0-9_]{4,})\)$|^PostgreSQL refuses a statement: (\w{5})\b/

/** Why nothing can be written now, as the database calls it, found by writing something; null: it can, for all we know. */
export const findWriteError = async (store: Pick<Store, 'probe'>): Promise<string | null> => {
  try {
    await store.probe()
    return null
  } catch (error) {
    return databaseErrorOf(error)
  }
}
