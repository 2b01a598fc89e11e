import type { Language } from '../core/language.ts'
import { clockIn, zoneName as nameOfZone, timeIn, ZONE_OF } from '../core/show-time.ts'
import type { Answer } from './command.ts'

const TEXTS = {
  en: { none: '(none)', yes: 'yes', no: 'no', zone: (zone: string) => `Times: ${zone}` },
  zh: { none: '（无）', yes: '是', no: '否', zone: (zone: string) => `时间：${zone}` },
}
const GAP = '  '
/** Minimum width of a cut column. */
const NARROWEST = 6
const ID = /^[a-z]+_\w{26}$/
/** Scripts, punctuation and forms that a terminal draws two columns wide. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu

/** Width of a text without colours in a terminal, in columns. */
export const tableColumnsOf = (text: string): number => text.length + (text.match(WIDE)?.length ?? 0)

export const pad = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - tableColumnsOf(text)))

/** A cell of a table. A number is a time in epoch ms; null is shown as a dash. */
export type Cell = string | number | boolean | null

const cut = (text: string, width: number): string => {
  if (tableColumnsOf(text) <= width) return text
  let kept = [...text].slice(0, width)
  while (tableColumnsOf(kept.join('')) >= width) kept = kept.slice(0, -1)
  return `${kept.join('')}…`
}

/** Takes from the widest column until the row fits; times and ids stay whole. */
const widthsWithin = (natural: readonly number[], isWhole: readonly boolean[], columns: number): number[] => {
  const widths = [...natural]
  for (let over = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - columns; over > 0; over--) {
    const widest = Math.max(...widths.filter((_, i) => !isWhole[i]))
    if (widest <= NARROWEST) break
    widths[widths.findIndex((width, i) => !isWhole[i] && width === widest)] = widest - 1
  }
  return widths
}

/** A table, or `(none)` without rows. On a terminal cells are cut to fit its `columns`; elsewhere nothing is cut. */
export const showTable = (
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  language: Language,
  columns = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): string => {
  const { none, yes, no, zone } = TEXTS[language]
  if (rows.length === 0) return none
  const clock = clockIn(readerZone(language))
  const textOf = (cell: Cell): string => {
    if (typeof cell === 'boolean') return cell ? yes : no
    return typeof cell === 'number' ? clock(cell) : (cell ?? '-')
  }
  const lines = [head, ...rows.map(row => row.map(textOf))]
  const isWhole = head.map((_, i) => rows.every(row => typeof row[i] !== 'string' || ID.test(row[i])))
  const natural = head.map((_, i) => Math.max(...lines.map(line => tableColumnsOf(line[i] ?? ''))))
  const widths = widthsWithin(natural, isWhole, columns)
  const shown = lines.map(line =>
    line
      .map((text, i) => pad(cut(text, widths[i] ?? 0), widths[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
  const hasTime = rows.some(row => row.some(cell => typeof cell === 'number'))
  return [...shown, ...(hasTime ? [zone(nameOfZone(language, readerZone(language)))] : [])].join('\n')
}

/** A list, as the API returns it and as a table. `head` names the columns, separated by bars. */
export const answerList = (
  data: readonly object[],
  { head, rows, lang }: { head: string; rows: readonly (readonly Cell[])[]; lang: Language },
): Answer => ({ data: { data, nextCursor: null }, text: showTable(head.split('|'), rows, lang) })

export const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** The user's time zone: `TZ` if set, else Beijing's for Chinese and the machine's for English. */
export const readerZone = (language: Language, { TZ }: NodeJS.ProcessEnv = process.env): string =>
  language === 'zh' && !TZ ? ZONE_OF.zh : Intl.DateTimeFormat().resolvedOptions().timeZone

/** A time with its zone, for use in a sentence. */
export const formatTime = (at: number, language: Language): string => timeIn(language, readerZone(language))(at)

export const formatCount = (count: number): string => count.toLocaleString('en')
