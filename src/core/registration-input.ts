import { DAY, SECOND } from './duration.ts'
import type { Words } from './language.ts'

/** The parsed value, or a message that states the requirement; `path` locates the bad part. */
export type Read<T> = { ok: true; value: T } | { ok: false; message: Words; path?: string[] }

/** A serial of GetResult. Submit sends `0` if there is none. */
export const SERIAL = /^(?!0$)[0-9A-Za-z_-]{1,64}$/
export const SERIAL_FORM: Words = {
  en: 'must be a string of 1 to 64 letters, digits, "_" and "-", and not "0"',
  zh: '必须是 1 到 64 个字母、数字、"_" 或 "-" 组成的字符串，且不能是 "0"',
}

export const SERIAL_AS_NUMBER: Words = {
  en: 'must be a string, and was sent as a number: quote it, such as "16236437872836"',
  zh: '必须是字符串，但传的是数字：请加引号，例如 "16236437872836"',
}

const CITIZEN = /^[1-9]\d{5}((?:18|19|20)\d\d)(\d\d)(\d\d)\d{3}[\dXx]$/
/** Whether the text has the form of an ID card number (身份证号, GB 11643), with a valid date and checksum. */
export const isCitizenId = (text: string): boolean => {
  const [, year, month, day] = CITIZEN.exec(text) ?? []
  if (year === undefined) return false
  const sum = [...text].reduce((sum, one, i) => sum + (/x/i.test(one) ? 10 : Number(one)) * (2 ** (17 - i) % 11), 0)
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return sum % 11 === 1 && date.getUTCDate() === Number(day)
}
export const CITIZEN_ID: Words = {
  en: 'must be the serial that Submit returned: this has the form of a person’s ID card number, which is not to be sent',
  zh: '必须是 Submit 返回的流水号：该值符合身份证号的格式，请勿传入身份证号',
}

export const METADATA_BYTES = 2 * 1024
export const MAX_EXPIRY_DAYS = 400

const EXPIRY_FORM = {
  en: 'must be a time: ISO 8601 with its offset ("2026-11-24T08:00:00Z"), or the epoch in 10 digits (s) or 13 digits (ms)',
  zh: '必须是时间：带时区偏移的 ISO 8601（"2026-11-24T08:00:00Z"），或 10 位（秒）、13 位（毫秒）的 Unix 时间戳',
}
const ISO_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/

const TOO_LATE = { en: `must lie at most ${MAX_EXPIRY_DAYS} days ahead`, zh: `距现在不能超过 ${MAX_EXPIRY_DAYS} 天` }
const tooEarly = (now: number): Words => {
  const time = new Date(now).toISOString()
  return { en: `must lie ahead: it is ${time} now`, zh: `必须是将来的时间：现在是 ${time}` }
}

/** Reads `expiresAt`, written by a person or by upstream's Submit, as epoch ms later than `now`. */
export const readExpiry = (input: unknown, now: number): Read<number> => {
  const at = readEpoch(input) ?? (typeof input === 'string' ? readIsoTime(input) : null)
  if (at === null) return { ok: false, message: EXPIRY_FORM }
  if (at <= now) return { ok: false, message: tooEarly(now) }
  if (at > now + MAX_EXPIRY_DAYS * DAY) return { ok: false, message: TOO_LATE }
  return { ok: true, value: at }
}

const readEpoch = (input: unknown): number | null => {
  const digits = typeof input === 'number' ? String(input) : input
  if (typeof digits !== 'string' || !/^(\d{10}|\d{13})$/.test(digits)) return null
  return digits.length === 10 ? Number(digits) * SECOND : Number(digits)
}

const readIsoTime = (text: string): number | null => {
  const [, year, month, day] = ISO_TIME.exec(text) ?? []
  // Date.parse takes 31 April for 1 May.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return null
  // Date.parse reads neither a comma nor an offset without a colon.
  const at = Date.parse(text.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return year === undefined || Number.isNaN(at) ? null : at
}

/**
 * Reads `metadata`: a JSON object of strings. Every name is data, even `__proto__`: the copy has it as an own property,
 * and no other object changes.
 */
export const readMetadata = (input: unknown): Read<Record<string, string>> => {
  if (Array.isArray(input)) return { ok: false, message: AN_ARRAY }
  if (typeof input !== 'object' || input === null) return { ok: false, message: NOT_STRINGS }
  const entries = Object.entries(input)
  const wrong = entries.find(([, value]) => typeof value !== 'string')
  if (wrong) return { ok: false, message: { en: 'must be a string', zh: '必须是字符串' }, path: [wrong[0]] }
  const invalid = entries.find(pair => pair.some(text => text.includes('\0') || !text.isWellFormed()))
  if (invalid) return { ok: false, message: NOT_UNICODE, path: [invalid[0]] }
  const size = Buffer.byteLength(JSON.stringify(input))
  if (size > METADATA_BYTES) return { ok: false, message: tooLong(size) }
  return { ok: true, value: Object.fromEntries(entries) }
}

const NOT_STRINGS = { en: 'must be an object whose values are strings', zh: '必须是值均为字符串的对象' }
const AN_ARRAY = {
  en: 'must be an object whose values are strings, and was sent as an array: where there is nothing, send {}, or leave it out',
  zh: '必须是值均为字符串的对象，但传的是数组：没有内容时请传 {} 或省略该字段',
}
export const NOT_UNICODE: Words = {
  en: 'must be Unicode text without \\u0000 and lone surrogates',
  zh: '必须是不含 \\u0000 和孤立代理项的 Unicode 文本',
}
const tooLong = (bytes: number): Words => ({
  en: `must be at most ${METADATA_BYTES} bytes as JSON: it has ${bytes}`,
  zh: `序列化为 JSON 后不能超过 ${METADATA_BYTES} 字节：现为 ${bytes} 字节`,
})
