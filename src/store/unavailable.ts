import { AppError, codeOf } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import type { StoreError } from './stats/stats.ts'

const BUSY: Words = { en: 'others keep it busy', zh: '被其他会话占用' }

/** The reason as callers see it, beside the code. */
const WORDS: Readonly<Record<StoreError, Words | null>> = {
  busy: BUSY,
  serialization: BUSY,
  timeout: { en: 'it takes too long', zh: '响应超时' },
  connection: { en: 'it does not answer', zh: '没有响应' },
  full: { en: 'its disk is full', zh: '磁盘已满' },
  corrupt: { en: 'it is damaged', zh: '已损坏' },
  io: { en: 'its disk fails', zh: '磁盘读写失败' },
  read_only: { en: 'it is read-only', zh: '数据库只读' },
  other: null,
}

const RETRY_AFTER_MS = 1_000

/** @param why in words that any caller may read */
export const unavailable = (why: Words, databaseCode: string | null = null): AppError =>
  new AppError(
    'unavailable',
    { en: `the database cannot be used now (${why.en})`, zh: `数据库暂时无法使用（${why.zh}）` },
    { retryAfterMs: RETRY_AFTER_MS, databaseCode },
  )

/** @param code the database's; it stays in the text, so that it can be looked up */
export const unavailableBy = (code: string, kind: StoreError): AppError => {
  const words = WORDS[kind]
  const why = words === null ? { en: code, zh: code } : { en: `${words.en}: ${code}`, zh: `${words.zh}：${code}` }
  return unavailable(why, code)
}

/** Returns the database's code for the cause of an error, or null if it has none. */
export const databaseErrorOf = (error: unknown): string | null => {
  if (!(error instanceof Error)) return null
  const code = error instanceof AppError ? error.databaseCode : codeOf(error.cause)
  return typeof code === 'string' ? code : null
}

/** Writes something. If that fails, returns the database's code for the reason; otherwise, or without a code, null. */
export const findWriteError = async (store: { probe(): Promise<void> }): Promise<string | null> => {
  try {
    await store.probe()
    return null
  } catch (error) {
    return databaseErrorOf(error)
  }
}
