import type { Language } from '../core/language.ts'
import { type OperatorEvent, operatorEventType } from '../core/operator-event.ts'
import { WORDS } from './words.ts'

/** One event in words, as plain text: each channel makes it harmless in its own way. */
export interface NoticeItem extends Pick<OperatorEvent, 'subject' | 'state' | 'since' | 'count'> {
  type: string
  headline: string
  sentence: string
  /** What to do; empty where there is nothing to do. */
  remedy: string
  /** Where there is more to read. */
  runbook: string
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
  const { subject, state, since, count, details } = event
  const type = operatorEventType(event)
  return {
    ...{ type, subject, state, since, count, details: { ...details } },
    ...WORDS[language].event(event, at),
    runbook: `${RUNBOOK[language]}#${event.condition}`,
  }
}

/** What `notify-test` sends. */
export const testItem = (language: Language, source: string, at: number): NoticeItem => ({
  ...{ type: 'operator.test', subject: source, state: 'firing', since: at, count: 1, details: {} },
  ...WORDS[language].test,
  runbook: `${RUNBOOK[language]}#being-told`,
})
