import { MINUTE } from '../core/duration.ts'
import type { OperatorProblem } from '../core/operator-channel.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import type { Notice } from './notice.ts'
import { bytesOf, cutTo, defused, oneLine, withoutKeys } from './plain-text.ts'

/** Reason of a refusal; `content`: it concerns one message. */
export type Problem = OperatorProblem | 'content'

/**
 * Result of a message. `code` is for the log, and `detail` the robot's own text in one line, never a foreign page.
 * `later`: it may work after `waitMs`, or at any later time if null.
 */
export type ChannelReply =
  | { kind: 'told' }
  | { kind: 'later'; code: string; detail: string; waitMs: number | null }
  | { kind: 'refused'; problem: Problem; code: string; detail: string }

/** Response of a robot. `waitMs` is from its `Retry-After`. */
export interface Reply {
  status: number
  waitMs: number | null
  text: string
}

/** A request: `query` is added to the URL's, and the headers are JSON's by default. */
interface Rendered {
  query?: string
  headers?: Readonly<Record<string, string>>
  body: string
}

/** Format and limits of a channel. */
export interface Dialect {
  /** Maximum number of alerts in a message, and minimum time between two messages. */
  maxAlerts: number
  gapMs: number
  /** Many senders use full and half hours, and robots refuse then. */
  avoidsFullHours: boolean
  /** A robot has one secret, or none. */
  render: (notice: Notice, secrets: readonly string[]) => Rendered
  judge: (reply: Reply) => ChannelReply
}

/** 18 messages a minute, where 20 are allowed. A digest names the alerts it has no room for. */
export const ROBOT = { maxAlerts: 200, gapMs: MINUTE / 18, avoidsFullHours: true } as const
const MAX_DETAIL = 300

/**
 * Returns the alerts as at most `count` paragraphs of plain text that is harmless in a chat, each at most `each` and
 * together at most `limit` bytes. Only a link to the console is markup, and never cut. The last paragraphs name the types
 * that do not fit, and the source. A single alert has no headline: it is the title.
 */
export const paragraphsOf = (
  { items, language, source }: Notice,
  {
    limit,
    each = limit,
    count = Number.POSITIVE_INFINITY,
    paragraph,
    link = (text, url) => `[${text}](${url})`,
  }: {
    limit: number
    each?: number
    count?: number
    paragraph: (headlines: readonly string[], lines: readonly string[]) => string
    link?: (text: string, url: string) => string
  },
): string[] => {
  const words = CATALOGUES[language]
  const footer = defused(`idface-notifier · ${source}`)
  const moreOf = (from: number): string => {
    const types = [...new Set(items.slice(from).map(({ type }) => type))]
    return words.more(items.length - from, types.join(', '))
  }
  const room = limit - bytesOf(footer) - (items.length > 1 ? bytesOf(moreOf(0)) : 0) - 10
  const texts = items.map(({ headline, sentence, lines: told = [sentence], remedy, runbook, page, subject }) => {
    const about = ` · ${cutTo(defused(subject), 200)}`
    const end = page === undefined ? '' : `\n\n${link(words.openPage, page)}${about}`
    const lines = [
      ...told,
      ...(remedy === '' ? [] : (words.toDo + remedy).split('\n')),
      ...(runbook === undefined || end !== '' ? [] : [words.page(runbook.replace(/.*#/, '')) + about]),
    ]
    const text = paragraph(
      items.length === 1 ? [] : [defused(headline)],
      lines.map(line => cutTo(defused(line), limit / 4)),
    )
    return cutTo(text, Math.min(room, each) - bytesOf(end)) + end
  })
  const fitting: string[] = []
  let used = 0
  // Two are reserved: for the alerts that do not fit, and the footer.
  for (const text of texts.slice(0, count - 2)) {
    used += bytesOf(text) + 4
    if (used > room && fitting.length > 0) break
    fitting.push(text)
  }
  return [...fitting, ...(fitting.length < texts.length ? [moreOf(fitting.length)] : []), footer]
}

export const titleOf = ({ items, language }: Notice): string => {
  const [first] = items
  return `idface-notifier: ${defused(items.length === 1 && first ? first.headline : CATALOGUES[language].several(items.length))}`
}

/** Returns the JSON object of a robot's response, or null if it is none. */
const objectOf = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** Meaning of a robot's code: the reason of a refusal, or the time to wait. */
export type Judged = Problem | { waitMs: number }

const detailOf = (text: unknown): string => oneLine(typeof text === 'string' ? text : '')
/** Fit to be shown: a gateway before the robot may use its format, and repeat the path, which holds the key. */
const publicDetail = (detail: string): string => cutTo(withoutKeys(detail), MAX_DETAIL)

/** Judges a robot that always responds 200: `code` is in the body, and 0 means success. */
export const judgeByCode = (
  { status, waitMs, text }: Reply,
  names: { code: string; detail: string },
  judgeCode: (code: number, detail: string) => Judged | undefined,
): ChannelReply => {
  const object = objectOf(text)
  const code = object?.[names.code]
  if (typeof code !== 'number') {
    // Not a robot: a proxy, or a page for people. It may repeat the path, which holds the key.
    const named = { code: `http ${status}`, detail: '' }
    if (status === 404 || status === 410) return { kind: 'refused', problem: 'key', ...named }
    return { kind: 'later', ...named, waitMs }
  }
  if (code === 0) return { kind: 'told' }
  const detail = detailOf(object?.[names.detail])
  const judged = judgeCode(code, detail)
  const named = { code: `${names.code} ${code}`, detail: publicDetail(detail) }
  if (typeof judged === 'string') return { kind: 'refused', problem: judged, ...named }
  // An unknown code may pass; if it lasts, `status` shows it.
  return { kind: 'later', ...named, waitMs: waitMs ?? judged?.waitMs ?? null }
}
