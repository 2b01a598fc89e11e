import { DAY, readDuration, SECOND } from './duration.ts'
import { clockIn, dateIn } from './show-time.ts'

/**
 * Converts a typed time to epoch ms for a reader's clock and zone, a name such as `Asia/Shanghai`. Without a zone a day
 * alone is one of UTC, and any other time without an offset is NaN. A day is its beginning, or its last millisecond.
 */
export type TypedTime = (here: { now: number; zone: string | null; isEnd?: boolean }) => number

/** A `+` that was not escaped in a URL is a space. */
const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+ -]\d\d:?\d\d)?)?$/
/** Years of four digits in UTC too, as responses require. */
const FIRST = Date.parse('0000-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Epoch ms of a wall-clock time such as `2026-11-24T16:20:05`: the first of the two, if a clock was set back; if it was
 * set forward past that time, as if it had not been.
 */
const atClock = (local: string, zone: string): number => {
  const asUtc = Date.parse(`${local}Z`)
  const clock = clockIn(zone)
  const aheadAt = (at: number) => Date.parse(`${clock(at)}Z`) - Math.floor(at / SECOND) * SECOND
  const [before, after] = [asUtc - aheadAt(asUtc - DAY), asUtc - aheadAt(asUtc + DAY)]
  const first = Math.min(before, after)
  return first + aheadAt(first) === asUtc ? first : Math.max(before, after)
}

/**
 * Reads an age (`24h`), a time of day (`10:00`, its last occurrence), a day, or a day with a time, as tables show it or
 * in ISO 8601. Without an offset it is the reader's local time. Returns null for anything else.
 */
export const readTime = (text: string): TypedTime | null => {
  const ago = readDuration(text)
  if (ago !== null) return ({ now }) => now - ago
  if (/^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text))
    return ({ now, zone }) => {
      if (zone === null) return Number.NaN
      const on = (back: number) => atClock(`${dateIn(zone, now, back)}T${text.padStart(5, '0')}`, zone)
      return on(0) > now ? on(1) : on(0)
    }
  const [, date = '', clock, offset] = MOMENT.exec(text) ?? []
  const zoned = offset?.replace(' ', '+').replace(/(\d\d)(\d\d)$/, '$1:$2')
  const at = Date.parse(`${date}T${clock ?? '00:00'}${zoned ?? 'Z'}`)
  if (!(at >= FIRST && at <= LAST) || !new Date(Date.parse(date)).toISOString().startsWith(date)) return null
  if (offset !== undefined) return () => at
  // Offsets of zones are known for these years.
  if (!/^(19|2)/.test(date)) return null
  if (clock !== undefined) return ({ zone }) => (zone === null ? Number.NaN : atClock(`${date}T${clock}`, zone))
  const nextDate = new Date(at + DAY).toISOString().slice(0, date.length)
  return ({ zone, isEnd }) => atClock(`${isEnd ? nextDate : date}T00:00`, zone ?? 'UTC') - (isEnd ? 1 : 0)
}
