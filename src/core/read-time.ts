import { DAY, readDuration, SECOND } from './duration.ts'
import { clockIn } from './show-time.ts'

/** Converts a typed time to epoch ms for a reader's clock and zone; `zone` is a name such as `Asia/Shanghai`. */
export type TypedTime = (here: { now: number; zone: string }) => number

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** Epoch ms of a wall-clock time such as `2026-11-24T16:20:05`; where a clock was set back, one of the two moments. */
const atClock = (local: string, zone: string): number => {
  const asUtc = Date.parse(`${local}Z`)
  const aheadAt = (at: number) => Date.parse(`${clockIn(zone)(at)}Z`) - Math.floor(at / SECOND) * SECOND
  return asUtc - aheadAt(asUtc - aheadAt(asUtc))
}

/**
 * Reads an age (`24h`), a time of day (`10:00`, its last occurrence), a date (its beginning), or a date with a
 * time, as tables show it or in ISO 8601. Without an offset it is the reader's local time. Returns null for anything
 * else.
 */
export const readTime = (text: string): TypedTime | null => {
  const ago = readDuration(text)
  if (ago !== null) return ({ now }) => now - ago
  if (/^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text))
    return ({ now, zone }) => {
      const on = (day: number) => atClock(`${clockIn(zone)(day).slice(0, 10)}T${text.padStart(5, '0')}`, zone)
      return on(now) > now ? on(now - DAY) : on(now)
    }
  const [, date = '', clock = '00:00', offset] = MOMENT.exec(text) ?? []
  const at = Date.parse(`${date}T${clock}${offset ?? 'Z'}`)
  if (Number.isNaN(at) || !new Date(Date.parse(date)).toISOString().startsWith(date)) return null
  return offset === undefined ? ({ zone }) => atClock(`${date}T${clock}`, zone) : () => at
}
