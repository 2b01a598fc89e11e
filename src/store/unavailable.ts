import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import type { StoreError } from './stats/stats.ts'

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
