import { SECOND } from './duration.ts'

/** Date formats that an HTTP recipient must read (RFC 9110, 5.6.7). `Date.parse` alone would take `-1` for a date. */
const HTTP_DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

/** Reads an HTTP date (`Date`, `Retry-After`) as epoch ms; null for anything else. */
export const readHttpDate = (header: string | null): number | null => {
  const text = header?.trim() ?? ''
  if (!HTTP_DATES.some(format => format.test(text))) return null
  // The asctime format names no zone, but means GMT.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? null : at
}

/**
 * Reads `Retry-After` (seconds or an HTTP date) as ms to wait from `now`, never negative; returns null if it is
 * unusable. It is not clamped: the caller knows its own limit.
 */
export const readRetryAfter = (header: string | null, now: number): number | null => {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * SECOND, Number.MAX_SAFE_INTEGER)
  const at = readHttpDate(text)
  return at === null ? null : Math.max(0, at - now)
}
