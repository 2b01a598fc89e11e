import type { Alert } from '../core/alert.ts'
import type { Language } from '../core/language.ts'
import { type AlertWords, CATALOGUES, describeAlert } from '../core/operator-texts/describe.ts'

/** One alert in words, as plain text: each channel makes it harmless in its own way. Empty remedy: nothing to do. */
export interface NoticeItem extends Omit<AlertWords, 'advice'>, Pick<Alert, 'subject' | 'state' | 'since' | 'count'> {
  /** Runbook page for operators. */
  runbook?: string
  details: Readonly<Record<string, unknown>>
}

/** Content of one message. */
export interface Notice {
  /** Unchanged when the notice is sent again as it is. */
  id: string
  at: number
  language: Language
  /** Name of the service. */
  source: string
  items: readonly NoticeItem[]
}

const RUNBOOK = { en: 'docs/operations.md', zh: 'docs/operations.zh-CN.md' } as const

/** @param at epoch ms */
export const noticeItem = (alert: Alert, language: Language, at: number): NoticeItem => {
  const { subject, state, since, count, details, condition } = alert
  const { advice: _, ...words } = describeAlert(alert, language, at)
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

/** Returns the item that `notify-test` sends. */
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
    runbook: `${RUNBOOK[language]}#alerts`,
  }
}
