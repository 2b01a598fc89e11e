import { DAY, SECOND } from './duration.ts'

/** The value that was meant, or a message that says what would be right. */
export type Read<T> = { ok: true; value: T } | { ok: false; message: string }

/** A serial of GetResult. Submit sends `0` if there is none. */
export const SERIAL = /^(?!0$)[0-9A-Za-z_-]{1,64}$/
export const SERIAL_FORM = 'must be a string of 1 to 64 letters, digits, "_" and "-", and not "0"'

export const METADATA_BYTES = 2 * 1024
export const LONGEST_EXPIRY_DAYS = 400
const SHOWN_KEY_LENGTH = 40

const EXPIRY_FORM =
  'must be a time: ISO 8601 with its offset ("2026-11-24T08:00:00Z"), or the epoch in 10 digits (s) or 13 digits (ms)'
const ISO_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/

/** Reads `expiresAt`, written by a person or by upstream's Submit, as epoch ms later than `now`. */
export const readExpiry = (input: unknown, now: number): Read<number> => {
  const at = readEpoch(input) ?? (typeof input === 'string' ? readIsoTime(input) : null)
  if (at === null) return { ok: false, message: EXPIRY_FORM }
  if (at <= now) return { ok: false, message: `must lie ahead: it is ${new Date(now).toISOString()} now` }
  if (at > now + LONGEST_EXPIRY_DAYS * DAY)
    return { ok: false, message: `must lie at most ${LONGEST_EXPIRY_DAYS} days ahead` }
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
  // It reads neither a comma nor an offset without a colon.
  const at = Date.parse(text.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return year === undefined || Number.isNaN(at) ? null : at
}

/**
 * Reads `metadata`: a JSON object of strings. Every name is data, even `__proto__`: the copy has it as its own property, and
 * no other object changes.
 */
export const readMetadata = (input: unknown): Read<Record<string, string>> => {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { ok: false, message: 'must be an object whose values are strings' }
  const entries = Object.entries(input)
  const wrong = entries.find(([, value]) => typeof value !== 'string')
  if (wrong) return { ok: false, message: `must have strings as its values: ${showKey(wrong[0])} is not one` }
  const untold = entries.find(pair => pair.some(text => text.includes('\0') || !text.isWellFormed()))
  if (untold)
    return { ok: false, message: `must be Unicode text without \\u0000 and lone surrogates: see ${showKey(untold[0])}` }
  const size = Buffer.byteLength(JSON.stringify(input))
  if (size > METADATA_BYTES)
    return { ok: false, message: `must be at most ${METADATA_BYTES} bytes as JSON: it has ${size}` }
  return { ok: true, value: Object.fromEntries(entries) }
}

const showKey = (key: string): string => JSON.stringify(key.slice(0, SHOWN_KEY_LENGTH).toWellFormed())
