import type { Parser } from '../config/parsers.ts'
import type { Config } from '../config/settings.ts'
import type { Language, Words } from '../core/language.ts'
import { lineForm, MAX_REASON, readLine } from '../core/line.ts'
import { readTime, type TypedTime } from '../core/read-time.ts'
import type { CallAdminApi } from '../http/command-api.ts'
import type { Store } from '../store/store.ts'
import type { Audited } from './audit.ts'

/** Returns the text in the user's language. */
export type Say = (words: Words) => string

export const sayIn =
  (language: Language): Say =>
  words =>
    words[language]

export const anyText: Parser<string> = {
  must: { en: 'must not be empty', zh: '不能为空' },
  parse: text => text.trim() || null,
}

/** A parser of a name or a reason of at most `longest` characters. */
export const line = (longest: number): Parser<string> => ({
  must: lineForm(longest),
  parse: text => readLine(text, longest),
})

export const time: Parser<TypedTime> = {
  must: {
    en: 'must be a local time (10:00, 2026-11-27, "2026-11-27 10:00"), a time with its offset (2026-11-27T10:00:00+08:00), or how long ago (24h)',
    zh: '须为本地时间（10:00、2026-11-27、"2026-11-27 10:00"）、带时区的时间（2026-11-27T10:00:00+08:00）或距今时长（24h）',
  },
  parse: readTime,
}

/** An option or an argument. */
export interface Parameter<T> {
  words: Words
  /** Placeholder of its value in help; null: an option without a value. */
  placeholder: string | null
  parser: Parser<T & {}>
  /** Default value; undefined: it is required. */
  fallback: T | undefined
}

type Parameters = Readonly<Record<string, Parameter<unknown>>>

/** Input of every command. */
export interface Common {
  lang: Language
  say: Say
  /** Whether to print JSON; always false for commands that print no data. */
  json: boolean
  /** Reason of the change, for the audit; null: not given, or the command changes nothing. */
  reason: string | null
}

type Values<P extends Parameters> = { [K in keyof P]: P[K] extends Parameter<infer T> ? T : never }
export type Input<A extends Parameters, O extends Parameters> = Common & Values<A> & Values<O>

/** Result of a command: `--json` prints `data`, otherwise `text` is printed. */
export interface Answer {
  data: object
  text: string
}
// biome-ignore lint/suspicious/noConfusingVoidType: of a function that returns nothing
type Answered = Answer | void | Promise<Answer | void>

/** Input of every command on the database. */
export interface OnStore extends Common {
  config: Config
  /** Opening the database has changed its schema. */
  hasMigrated: boolean
  call: CallAdminApi
  /** Runs an act by verbs of the store, not by a call, and records it in the audit. */
  audited: Audited
}

/** A command with any options. */
export interface Command {
  /** Its words after the program's name: `partner list`. */
  path: string
  words: Words
  /** Arguments, in their order. */
  args: Parameters
  /** Options by their names in camel case: `maxPending` is `--max-pending`. */
  options: Parameters
  /** Whether it takes `--json`. */
  printsData: boolean
  /** Whether it takes `--reason` for the audit. */
  changes: boolean
  /** Example without the program's name. It works as it is, or with another id. */
  example: string
  run?: (input: never) => Answered
  /** Instead of `run`: runs on the database of the settings. */
  onStore?: (store: Store, input: never) => Answered
}

interface Definition<A extends Parameters, O extends Parameters>
  extends Pick<Command, 'path' | 'words'>,
    Partial<Pick<Command, 'printsData' | 'changes' | 'example'>> {
  args?: A
  options?: O
  run?: (input: Input<A, O>) => Answered
  onStore?: (store: Store, input: Input<A, O> & OnStore) => Answered
}

const REASON: Parameter<string | null> = {
  words: { en: 'why, for the audit', zh: '原因，记入审计' },
  placeholder: 'TEXT',
  parser: {
    ...line(MAX_REASON),
    parse: text => readLine(text, MAX_REASON) ?? (text.trim() === '' ? '' : null),
  },
  fallback: null,
}

export const defineCommand = <
  const A extends Parameters = Record<never, never>,
  const O extends Parameters = Record<never, never>,
>({
  changes = false,
  options,
  ...definition
}: Definition<A, O>): Command => ({
  args: {},
  printsData: true,
  example: definition.path,
  ...definition,
  changes,
  options: { ...options, ...(changes ? { reason: REASON } : {}) },
})

/** An option without a value. */
export const flag = (words: Words): Parameter<boolean> => ({
  words,
  placeholder: null,
  parser: { must: words, parse: () => true },
  fallback: false,
})

/** An option with a value; null if it is not given. */
export const option = <T>(placeholder: string, parser: Parser<T & {}>, words: Words): Parameter<T | null> => ({
  words,
  placeholder,
  parser,
  fallback: null,
})

/** Returns the option as a required one or, with `fallback`, one with a default value. */
export const required = <T>(of: Parameter<T | null>, fallback?: T): Parameter<T> =>
  ({ ...of, fallback }) as Parameter<T>

export const argument = (name: string, words: Words, parser = anyText): Parameter<string> =>
  required(option(name, parser, words))

const PARTNER: Words = { en: 'its name or its id; "partner list" shows both', zh: '合作方名称或 id，见 "partner list"' }

export const partnerArgument = argument('PARTNER', PARTNER)
export const partnerOption = (words = PARTNER): Parameter<string | null> => option('PARTNER', anyText, words)
