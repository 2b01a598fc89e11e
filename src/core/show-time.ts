import { DAY } from './duration.ts'
import type { Language } from './language.ts'

const BEIJING = 'Asia/Shanghai'

/** Default zone of a reader of whom only the language is known. */
export const ZONE_OF: Readonly<Record<Language, string>> = { en: 'UTC', zh: BEIJING }

/** The zone's name for its reader. */
export const zoneName = (language: Language, zone: string): string =>
  language === 'zh' && zone === BEIJING ? '北京时间' : zone

/** Writes a time (epoch ms) for a reader. */
export type ShowTime = (at: number) => string

/** In ISO 8601, for a machine. */
export const isoTime: ShowTime = at => new Date(at).toISOString()

/** Whether the text is the name of a time zone. */
export const isZone = (text: string): boolean => {
  try {
    return Boolean(clockIn(text))
  } catch {
    return false
  }
}

/** As `2026-11-24 16:20:05`, for a table whose head names the zone. */
export const clockIn = (zone: string): ShowTime => {
  const { format } = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone })
  return at => format(at)
}

/** The date in a zone, `back` days before. */
export const dateIn = (zone: string, at: number, back = 0): string =>
  isoTime(Date.parse(clockIn(zone)(at).slice(0, 10)) - back * DAY).slice(0, 10)

/** With the zone, for a sentence. In Chinese it begins with a Chinese character, so no space goes before it. */
export const timeIn = (language: Language, zone = ZONE_OF[language]): ShowTime => {
  const clock = clockIn(zone)
  if (language === 'en') return at => (zone === 'UTC' ? `${clock(at)} UTC` : `${clock(at)} (${zone})`)
  if (zone === BEIJING) return at => `北京时间 ${clock(at)}`
  return at => (zone === 'UTC' ? `协调世界时 ${clock(at)}` : `当地时间（${zone}）${clock(at)}`)
}

/** For a reader of whom only the language is known. */
export const SHOW_TIME: Readonly<Record<Language, ShowTime>> = { en: timeIn('en'), zh: timeIn('zh') }
