import { z } from 'zod'
import { DAY, readDuration } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { readTime, type TypedTime } from '../../core/read-time.ts'
import { isZone } from '../../core/show-time.ts'
import { invalid, packWords, type Source } from './validate.ts'

const WHEN = {
  en: 'must be a time in ISO 8601 with its offset, such as 2026-11-24T08:00:00Z (in a URL, write a + as %2B), a day, such as 2026-11-24, or a duration before now, such as 2h',
  zh: '必须是带时区偏移的 ISO 8601 时间，例如 2026-11-24T08:00:00Z（在 URL 中，+ 须写作 %2B），或日期，例如 2026-11-24，或距现在多久，例如 2h',
}
const MAX_BACK_MS = 400 * DAY

/** A time of a call, for `readTimes`. */
export const timed = (description: string, message: Words = WHEN) =>
  z
    .string(packWords(message))
    .transform((text, ctx) => {
      const time = (readDuration(text) ?? 0) <= MAX_BACK_MS ? readTime(text) : null
      if (time === null) ctx.addIssue({ code: 'custom', message: packWords(message) })
      return time ?? z.NEVER
    })
    .meta({
      format: 'time-or-duration',
      description: `${description} A time, how long ago (\`2h\`), or a day (\`2026-11-24\`, in \`zone\`).`,
    })

const ZONE_NAME = packWords({
  en: 'must be the name of a time zone, such as Asia/Shanghai',
  zh: '必须是时区名称，例如 Asia/Shanghai',
})
export const ZONE = z
  .string(ZONE_NAME)
  .refine(isZone, ZONE_NAME)
  .optional()
  .meta({
    format: 'time-zone',
    description:
      'The time zone of a day, which as `since` is its beginning and as `until` its end; a name (IANA), UTC by default. With it, times need no offset: `2026-11-24 13:00`, or `13:00`, when it was last 13:00.',
    examples: ['Asia/Shanghai'],
  })

const BACKWARDS = { en: 'must not be after until', zh: '不能晚于截止时间（until）' }

type Name = 'since' | 'until' | 'messageSince' | 'messageUntil' | 'expiresAt'
type Asked = Readonly<Partial<Record<Name, TypedTime | null | undefined>>> & { zone?: string | undefined }
interface Reading {
  now: number
  source?: Source
  /** Path of the object that has the times. */
  within?: string
}

/** Returns a time of a call as epoch ms; null: not given. Throws the problem that names it if it needs a zone. */
export const readOne = (name: Name, asked: Asked, { now, source = 'query', within = '' }: Reading): number | null => {
  const at =
    asked[name]?.({ now, zone: asked.zone ?? null, isEnd: name === 'until' || name === 'messageUntil' }) ?? null
  if (Number.isNaN(at)) throw invalid(source, [{ path: within + name, message: WHEN }])
  return at
}

/** Returns the times of a call as epoch ms; null: not given. A day is its beginning, as `until` its end. Throws the problem that names a wrong one. */
export const readTimes = (asked: Asked, reading: Reading) => {
  const read = (name: Name) => readOne(name, asked, reading)
  const messageTimes = { messageSince: read('messageSince'), messageUntil: read('messageUntil') }
  const times = { since: read('since'), until: read('until'), ...messageTimes }
  if (times.until !== null && (times.since ?? times.until) > times.until)
    throw invalid(reading.source ?? 'query', [{ path: `${reading.within ?? ''}since`, message: BACKWARDS }])
  return times
}
