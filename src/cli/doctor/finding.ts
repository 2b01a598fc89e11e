import type { Words } from '../../core/language.ts'

export type FindingState = 'ok' | 'warning' | 'failed' | 'skipped'

/** What a check has found, and what to do about it. */
export interface Finding {
  state: FindingState
  text: Words
  /** Null: nothing is to be done. */
  todo: Words | null
  /** What does it, to be pasted into a shell. */
  command: string | null
}

type Todo = { todo?: Words; command?: string }

const finding =
  (state: FindingState) =>
  (en: string, zh: string, { todo, command }: Todo = {}): Finding => ({
    state,
    text: { en, zh },
    todo: todo ?? null,
    command: command ?? null,
  })

export const ok = finding('ok')
export const warning = finding('warning')
export const failed = finding('failed')
export const skipped = finding('skipped')

export const todo = (en: string, zh: string, command?: string): Todo => ({
  todo: { en, zh },
  ...(command === undefined ? {} : { command }),
})

const ORDER: readonly FindingState[] = ['failed', 'warning', 'ok', 'skipped']

/** The worst of them. */
export const worstOf = (findings: readonly Finding[]): FindingState =>
  ORDER.find(state => findings.some(finding => finding.state === state)) ?? 'skipped'

/** For a shell. */
export const quoted = (text: string): string =>
  /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
