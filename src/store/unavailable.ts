import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'

/** What an engine's codes mean: the first that fits counts. */
export type Codes<Meaning> = readonly (readonly [codes: RegExp, meaning: Meaning])[]

export const meaningOf = <Meaning>(codes: Codes<Meaning>, code: string): Meaning | null =>
  codes.find(([fits]) => fits.test(code))?.[1] ?? null

/** With the code, so that it can be looked up; of one that has no words it alone. */
export const wordsOf = (codes: Codes<Words>, code: string): Words => {
  const words = meaningOf(codes, code)
  return words === null ? { en: code, zh: code } : { en: `${words.en}: ${code}`, zh: `${words.zh}：${code}` }
}

const RETRY_AFTER_MS = 1_000

/** @param why in words that anybody who called may read */
export const unavailable = (why: Words): AppError =>
  new AppError(
    'unavailable',
    { en: `the database cannot be used now (${why.en})`, zh: `数据库暂时无法使用（${why.zh}）` },
    { retryAfterMs: RETRY_AFTER_MS },
  )
