import type { Words } from '../../core/language.ts'

export type FindingState = 'ok' | 'warning' | 'failed' | 'skipped'

/** The result of a check, and what to do about it. */
export interface Finding {
  state: FindingState
  text: Words
  /** Null: nothing is to be done. */
  todo: Words | null
  /** What does it, to be pasted into a shell. */
  command: string | null
  /** What the text says, for programs. */
  data?: object
}

export type Found = Finding | Finding[]

type Todo = readonly [en: string, zh: string, command?: string | null]

const finding =
  (state: FindingState) =>
  (en: string, zh: string, todo?: Todo): Finding => ({
    state,
    text: { en, zh },
    todo: todo ? { en: todo[0], zh: todo[1] } : null,
    command: todo?.[2] ?? null,
  })

export const ok = finding('ok')
/** Whoever reads of a fault is told what to do. */
type Fault = (en: string, zh: string, todo: Todo) => Finding
export const warning: Fault = finding('warning')
export const failed: Fault = finding('failed')
export const skipped = finding('skipped')

/** For a shell. */
export const quoted = (text: string): string =>
  /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
