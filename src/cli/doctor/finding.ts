import type { Words } from '../../core/language.ts'

export type FindingState = 'ok' | 'warning' | 'failed' | 'skipped'

type Todo = Words & {
  /** Shell command for the advice. */
  command?: string | null
}

/** The result of a check, with advice. */
export interface Finding {
  state: FindingState
  text: Words
  /** Advice; null: nothing to do. */
  todo: Todo | null
  /** Content of the text, for programs. */
  data?: object
}

export type Found = Finding | Finding[]

const finding =
  (state: FindingState) =>
  (text: Words, todo: Todo | null = null): Finding => ({ state, text, todo })

export const ok = finding('ok')
/** A fault always comes with advice. */
type Fault = (text: Words, todo: Todo) => Finding
export const warning: Fault = finding('warning')
export const failed: Fault = finding('failed')
export const skipped = finding('skipped')

/** Quotes a text for a shell, if needed. */
export const quoted = (text: string): string =>
  /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
