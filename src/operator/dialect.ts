import { MINUTE } from '../core/duration.ts'
import type { OperatorProblem } from '../core/operator-channel.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import type { Notice } from './notice.ts'
import { bytesOf, cutTo, defused, oneLine, withoutKeys } from './plain-text.ts'

/** What a channel holds against us; `content`: about one message. */
export type Problem = OperatorProblem | 'content'

/**
 * What came of a message. `code` is for the log, and `said` what the robot has said, in one line; never a page
 * of somebody else. `later`: it may work another time, after `waitMs` where that is known.
 */
export type Answer =
  | { kind: 'told' }
  | { kind: 'later'; code: string; said: string; waitMs: number | null }
  | { kind: 'refused'; problem: Problem; code: string; said: string }

/** What a robot answered. `waitMs` is from its `Retry-After`. */
export interface Reply {
  status: number
  waitMs: number | null
  text: string
}

/** What is to be sent: `query` is added to that of the URL, and the headers are those of JSON unless given. */
interface Rendered {
  query?: string
  headers?: Readonly<Record<string, string>>
  body: string
}

/** How to speak to a channel. */
export interface Dialect {
  /** Most events in a message, and how long after one the next may go. */
  most: number
  gapMs: number
  /** Full and half hours are when everybody sends, and robots refuse. */
  avoidsFullHours: boolean
  /** A robot has one secret, or none. */
  render: (notice: Notice, secrets: readonly string[]) => Rendered
  judge: (reply: Reply) => Answer
}

/** 18 messages a minute, where 20 are allowed. A digest names what it has no room for. */
export const ROBOT = { most: 200, gapMs: MINUTE / 18, avoidsFullHours: true } as const
const LONGEST_SAID = 300

/**
 * The events as at most `count` paragraphs of plain text that is harmless in a chat, together at most `most` bytes; what does not fit
 * is named. Of one alone the headline is left out: it is the title.
 */
export const paragraphsOf = (
  { items, language, source }: Notice,
  {
    most,
    count = Number.POSITIVE_INFINITY,
    paragraph,
  }: { most: number; count?: number; paragraph: (headlines: readonly string[], lines: readonly string[]) => string },
): string[] => {
  const words = CATALOGUES[language]
  const footer = defused(`idface-notifier · ${source}`)
  const texts = items.map(({ headline, sentence, remedy, runbook, subject }) => {
    const lines = [
      sentence,
      ...(remedy === '' ? [] : [words.toDo + remedy]),
      ...(runbook === undefined ? [] : [`${words.page(runbook.replace(/.*#/, ''))} · ${cutTo(subject, 200)}`]),
    ]
    return paragraph(
      items.length === 1 ? [] : [defused(headline)],
      lines.map(line => cutTo(defused(line), most / 4)),
    )
  })
  const moreOf = (from: number): string => {
    const types = [...new Set(items.slice(from).map(({ type }) => type))]
    return words.more(items.length - from, types.join(', '))
  }
  const room = most - bytesOf(footer) - (items.length > 1 ? bytesOf(moreOf(0)) : 0) - 10
  const fitting: string[] = []
  let taken = 0
  // Two are for what does not fit, and the footer.
  for (const text of texts.slice(0, count - 2)) {
    taken += bytesOf(text) + 4
    if (taken > room && fitting.length > 0) break
    fitting.push(cutTo(text, room))
  }
  return [...fitting, ...(fitting.length < texts.length ? [moreOf(fitting.length)] : []), footer]
}

export const titleOf = ({ items, language }: Notice): string => {
  const [first] = items
  return `idface-notifier: ${defused(items.length === 1 && first ? first.headline : CATALOGUES[language].several(items.length))}`
}

/** The JSON object that a robot answered, if it is one. */
const objectOf = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** What a code says: what the robot holds against us, or how long to wait. */
export type Judged = Problem | { waitMs: number }

const saidBy = (text: unknown): string => oneLine(typeof text === 'string' ? text : '')
/** As it may be logged and shown: a gateway before the robot may speak in its form, and repeat the path, which holds the key. */
const shownOf = (said: string): string => cutTo(withoutKeys(said), LONGEST_SAID)

/** A robot that answers 200 whatever it thinks: `code` is in the body, and 0 means that it told. */
export const judgeByCode = (
  { status, waitMs, text }: Reply,
  names: { code: string; said: string },
  judgeCode: (code: number, said: string) => Judged | undefined,
): Answer => {
  const object = objectOf(text)
  const code = object?.[names.code]
  if (typeof code !== 'number') {
    // Whatever that is, it is no robot: a proxy, or a page for people. It may repeat the path, which holds the key.
    const named = { code: `http ${status}`, said: '' }
    if (status === 404 || status === 410) return { kind: 'refused', problem: 'key', ...named }
    return { kind: 'later', ...named, waitMs }
  }
  if (code === 0) return { kind: 'told' }
  const said = saidBy(object?.[names.said])
  const judged = judgeCode(code, said)
  const named = { code: `${names.code} ${code}`, said: shownOf(said) }
  if (typeof judged === 'string') return { kind: 'refused', problem: judged, ...named }
  // A code that nobody knows may pass; that it does not is told.
  return { kind: 'later', ...named, waitMs: waitMs ?? judged?.waitMs ?? null }
}
