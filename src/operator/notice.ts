import type { Language } from '../core/language.ts'
import type { OperatorEvent } from '../core/operator-event.ts'
import { CATALOGUES, describeEvent, type EventWords } from '../core/operator-texts/describe.ts'

/** One event in words, as plain text: each channel makes it harmless in its own way. An empty remedy: there is nothing to do. */
export interface NoticeItem
  extends Omit<EventWords, 'advice'>,
    Pick<OperatorEvent, 'subject' | 'state' | 'since' | 'count'> {
  /** Where operators read more. */
  runbook?: string
  details: Readonly<Record<string, unknown>>
}

/** What one message tells. */
export interface Notice {
  /** The same whenever it is sent again as it is. */
  id: string
  at: number
  language: Language
  /** Which service tells it. */
  source: string
  items: readonly NoticeItem[]
}

const RUNBOOK = { en: 'docs/operations.md', zh: 'docs/operations.zh-CN.md' } as const

/** @param at epoch ms */
export const noticeItem = (event: OperatorEvent, language: Language, at: number): NoticeItem => {
  const { subject, state, since, count, details, condition } = event
  const { advice: _, ...words } = describeEvent(event, language, at)
  return {
    subject,
    state,
    since,
    count,
    details: { ...details },
    ...words,
    runbook: `${RUNBOOK[language]}#${condition}`,
  }
}

/** What `notify-test` sends. */
export const testItem = (language: Language, source: string, at: number): NoticeItem => {
  const { title, ...words } = CATALOGUES[language].test
  return {
    type: 'operator.test',
    subject: source,
    state: 'firing',
    since: at,
    count: 1,
    details: {},
    headline: title,
    ...words,
    runbook: `${RUNBOOK[language]}#being-told`,
  }
}
