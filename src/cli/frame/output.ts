import Table from 'cli-table3'
import type { Language } from '../../core/language.ts'
import { clockIn, zoneName as nameOfZone, timeIn, ZONE_OF } from '../../core/show-time.ts'

const NONE = { en: '(none)', zh: '（无）' }

/** Where there are no rows, says so. */
export const showTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  language: Language,
): string => {
  if (rows.length === 0) return NONE[language]
  const table = new Table({ head: [...head], style: { head: [], border: [] } })
  table.push(...rows.map(row => [...row]))
  return table.toString()
}

/** One line of JSON, as the API answers lists. */
export const listJson = (data: readonly object[], nextCursor: string | null = null): string =>
  JSON.stringify({ data, nextCursor })

export const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** The reader's: what `TZ` says; else Beijing's for Chinese, and the machine's for English. */
const readerZone = (language: Language, { TZ }: NodeJS.ProcessEnv = process.env): string =>
  language === 'zh' && !TZ ? ZONE_OF.zh : Intl.DateTimeFormat().resolvedOptions().timeZone

/** The zone's name for the reader. */
export const zoneName = (language: Language): string => nameOfZone(language, readerZone(language))

/** As `2026-11-24 16:20:05`, in the reader's zone; a dash for null. */
export const showTime = (at: number | null, language: Language): string =>
  at === null ? '-' : clockIn(readerZone(language))(at)

/** With the zone: for a sentence. */
export const formatTime = (at: number, language: Language): string => timeIn(language, readerZone(language))(at)
