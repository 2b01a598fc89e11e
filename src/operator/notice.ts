import type { Alert } from '../core/alert.ts'
import type { Language } from '../core/language.ts'
import { type AlertWords, CATALOGUES, describeAlert } from '../core/operator-texts/describe.ts'
import { pageOf } from '../core/trouble-kinds.ts'

/** How operators read notices. `consoleUrl`: without it, no notice links to the console. */
export interface Audience {
  language: Language
  consoleUrl: string | null
}

/** One alert in words, as plain text: each channel makes it harmless in its own way. Empty remedy: nothing to do. */
export interface NoticeItem extends Omit<AlertWords, 'advice'>, Pick<Alert, 'subject' | 'state' | 'since' | 'count'> {
  /** The sentence in lines, where there is room for them. */
  lines?: readonly string[]
  /** Runbook page for operators. */
  runbook?: string
  /** URL of the page of the console that fixes it. */
  page?: string
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

export const RUNBOOK = { en: 'docs/operations.md', zh: 'docs/operations.zh-CN.md' } as const

/** Returns the page's URL, as a field; none without `consoleUrl`. @param path below the console */
export const pageAt = ({ consoleUrl }: Pick<Audience, 'consoleUrl'>, path: string): Pick<NoticeItem, 'page'> =>
  consoleUrl === null ? {} : { page: `${consoleUrl}${path && `/${path}`}` }

/** @param at epoch ms */
export const noticeItem = (alert: Alert, audience: Audience, at: number): NoticeItem => {
  const { language } = audience
  const { subject, state, since, count, details, condition } = alert
  const { advice: _, ...words } = describeAlert(alert, language, at)
  return {
    ...{ subject, state, since, count, details: { ...details } },
    ...words,
    runbook: `${RUNBOOK[language]}#${condition}`,
    ...pageAt(audience, pageOf(alert)),
  }
}

/** Returns the item that `notify-test` sends. */
export const testItem = (audience: Audience, source: string, at: number): NoticeItem => {
  const { language } = audience
  const { title, ...words } = CATALOGUES[language].test
  return {
    ...({ type: 'operator.test', subject: source, state: 'firing', since: at, count: 1, details: {} } as const),
    headline: title,
    ...words,
    runbook: `${RUNBOOK[language]}#alerts`,
    ...pageAt(audience, ''),
  }
}
