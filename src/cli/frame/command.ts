import type { Language, Words } from '../../core/language.ts'
import { LONGEST_REASON } from '../../core/line.ts'
import { lineOf } from './options.ts'

/** What a text means; or what it must be, as the end of a sentence that begins with the name of the option. */
export type Reading<T> = { ok: true; value: T } | { ok: false; must: Words }

export interface Option<T> {
  words: Words
  /** What stands for its value in help; null: it takes none. */
  placeholder: string | null
  /** All values that it may have, for help and completion. */
  choices?: readonly string[]
  read: (text: string) => Reading<T>
  /** What it is when it is not given; undefined: it must be given. */
  fallback: T | undefined
}

export interface Argument<T> {
  /** In capitals, as help shows it. */
  name: string
  /** Null where it is not given; only for the last. */
  isOptional?: true
  words: Words
  choices?: readonly string[]
  read: (text: string) => Reading<T>
}

type Options = Readonly<Record<string, Option<unknown>>>
type Arguments = Readonly<Record<string, Argument<unknown>>>
type ValueOf<Of> = Of extends Option<infer T> ? T : Of extends Argument<infer T> ? T : never

/** What every command is given. */
export interface Common {
  lang: Language
  /** False too for commands that print no data. */
  json: boolean
  /** Why somebody changes something, for the audit; null: not said, or nothing is changed. */
  reason: string | null
}

export type Input<A extends Arguments, O extends Options> = Common & { [K in keyof A]: ValueOf<A[K]> } & {
  [K in keyof O]: ValueOf<O[K]>
}

interface Definition<A extends Arguments, O extends Options> {
  /** As it is typed: `partner list`. */
  path: string
  words: Words
  /** In their order. */
  args?: A
  /** By their names in camel case: `maxPending` is `--max-pending`. */
  options?: O
  /** It takes `--json`. */
  printsData?: true
  /** It takes `--reason`, for the audit. */
  changes?: true
  /** What follows the program's name in an example that works as it stands, or with another id. */
  example: string
  /** Loaded when it runs, so that help answers at once. */
  load: () => Promise<(input: Input<A, O>) => void | Promise<void>>
}

/** A command whatever it takes. */
export interface Command extends Omit<Definition<Arguments, Options>, 'load'> {
  args: Arguments
  options: Options
  load: () => Promise<(input: never) => void | Promise<void>>
}

export interface Section {
  title: Words
  commands: readonly Command[]
}

const REASON: Option<string | null> = {
  words: { en: 'why, for the audit', zh: '原因，记入审计' },
  placeholder: 'TEXT',
  read: text => (text.trim() === '' ? { ok: true, value: null } : lineOf(LONGEST_REASON)(text)),
  fallback: null,
}

export const defineCommand = <
  const A extends Arguments = Record<never, never>,
  const O extends Options = Record<never, never>,
>(
  definition: Definition<A, O>,
): Command => ({
  args: {},
  ...definition,
  options: { ...definition.options, ...(definition.changes ? { reason: REASON } : {}) },
})

/** `maxPending` as `--max-pending`. */
export const flagOf = (key: string): string => `--${key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
