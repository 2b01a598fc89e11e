import type { Config } from '../config/settings.ts'
import { readDuration } from '../core/duration.ts'
import type { Language } from '../core/language.ts'
import { LONGEST_REASON, lineForm, readLine } from '../core/line.ts'
import { readTime, type TypedTime } from '../core/read-time.ts'
import type { Store } from '../store/store.ts'
import type { Audited } from './audit.ts'

/** A text in both languages. */
export type Pair = readonly [en: string, zh: string]
/** The one of the reader. */
export type Say = (en: string, zh: string) => string

export const sayIn =
  (language: Language): Say =>
  (en, zh) =>
    language === 'zh' ? zh : en

/** Reads what was typed. */
export interface Reader<T> {
  /** What the text must be, as the end of a sentence that begins with the name of the option. */
  must: Pair
  /** Null: the text is something else. */
  parse: (text: string) => T | null
  /** All that it may be, for help and completion. */
  choices?: readonly string[]
}

export const anyText: Reader<string> = { must: ['must not be empty', '不能为空'], parse: text => text.trim() || null }

export const wholeNumber = (min: number, max: number): Reader<number> => ({
  must: [`must be a whole number from ${min} to ${max}`, `须为 ${min} 到 ${max} 的整数`],
  parse: text => (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null),
})

export const oneOf = <const T extends string>(choices: readonly T[]): Reader<T> => ({
  must: [`must be one of ${choices.join(', ')}`, `须为 ${choices.join('、')} 之一`],
  parse: text => choices.find(choice => choice === text) ?? null,
  choices,
})

/** A name or a reason with the number of characters that it may have. */
export const line = (longest: number): Reader<string> => ({
  must: [lineForm(longest).en, lineForm(longest).zh],
  parse: text => readLine(text, longest),
})

/** A duration such as `30d`, in ms. */
export const duration: Reader<number> = {
  must: ['must be a duration, such as 30d', '须为时长，例如 30d'],
  parse: text => readDuration(text) || null,
}

export const time: Reader<TypedTime> = {
  must: [
    'must be a time of yours (10:00, 2026-11-27, "2026-11-27 10:00"), one with its offset (2026-11-27T10:00:00+08:00), or how long ago (24h)',
    '须为本地时间（10:00、2026-11-27、"2026-11-27 10:00"）、带时区的时间（2026-11-27T10:00:00+08:00）或距今时长（24h）',
  ],
  parse: readTime,
}

export interface Option<T> {
  words: Pair
  /** What stands for its value in help; null: it takes none. */
  placeholder: string | null
  reader: Reader<T & {}>
  /** Its value when it is not given; undefined: it must be given. */
  fallback: T | undefined
}

export interface Argument<T> {
  /** In capitals, as help shows it. */
  name: string
  words: Pair
  reader: Reader<T & {}>
  /** Null where it is not given. */
  isOptional?: true
}

type Options = Readonly<Record<string, Option<unknown>>>
type Arguments = Readonly<Record<string, Argument<unknown>>>
type ValueOf<Of> = Of extends Option<infer T> ? T : Of extends Argument<infer T> ? T : never

/** Given to every command. */
export interface Common {
  lang: Language
  say: Say
  /** Ends the process with 2: what was asked for is not possible. */
  refuse: (...words: Pair) => never
  /** False too for commands that print no data. */
  json: boolean
  /** Why somebody changes something, for the audit; null: not said, or nothing is changed. */
  reason: string | null
}

export type Input<A extends Arguments, O extends Options> = Common & { [K in keyof A]: ValueOf<A[K]> } & {
  [K in keyof O]: ValueOf<O[K]>
}

/** Printed as JSON with `--json`, else as text. */
export interface Answer {
  data: object
  text: string
}
// biome-ignore lint/suspicious/noConfusingVoidType: of a function that returns nothing
type Answered = Answer | void | Promise<Answer | void>

/** Given to every command on the database. */
export interface OnStore {
  config: Config
  /** Does what the command is to do, and puts it into the audit. */
  audited: Audited
}

interface Definition<A extends Arguments, O extends Options> {
  /** As it is typed: `partner list`. */
  path: string
  words: Pair
  /** In their order. */
  args?: A
  /** By their names in camel case: `maxPending` is `--max-pending`. */
  options?: O
  /** It takes `--json`. */
  printsData?: true
  /** It takes `--json`, and `--reason` for the audit. */
  changes?: boolean
  /** An example without the program's name that works as it stands, or with another id. */
  example: string
  run?: (input: Input<A, O>) => Answered
  /** In place of `run`: with the database that the settings name. */
  onStore?: (store: Store, input: Input<A, O> & OnStore) => Answered
}

/** A command with any options. */
export interface Command {
  path: string
  words: Pair
  args: Arguments
  options: Options
  printsData: boolean
  changes: boolean
  example: string
  run?: (input: never) => Answered
  onStore?: (store: Store, input: never) => Answered
}

const REASON: Option<string | null> = {
  words: ['why, for the audit', '原因，记入审计'],
  placeholder: 'TEXT',
  reader: {
    ...line(LONGEST_REASON),
    parse: text => readLine(text, LONGEST_REASON) ?? (text.trim() === '' ? '' : null),
  },
  fallback: null,
}

export const defineCommand = <
  const A extends Arguments = Record<never, never>,
  const O extends Options = Record<never, never>,
>({
  changes = false,
  ...definition
}: Definition<A, O>): Command => ({
  args: {},
  ...definition,
  changes,
  printsData: changes || definition.printsData === true,
  options: { ...definition.options, ...(changes ? { reason: REASON } : {}) },
})

/** An option without a value. */
export const flag = (...words: Pair): Option<boolean> => ({
  words,
  placeholder: null,
  reader: { must: words, parse: () => true },
  fallback: false,
})

/** An option with a value; null where it is not given. */
export const option = <T>(placeholder: string, words: Pair, reader: Reader<T & {}>): Option<T | null> => ({
  words,
  placeholder,
  reader: reader as Reader<T & {}>,
  fallback: null,
})

/** The same option, which must be given, or has a value of its own where none is given. */
export const required = <T>(of: Option<T | null>, fallback?: T): Option<T> => ({ ...of, fallback }) as Option<T>

export const argument = (name: string, words: Pair, reader = anyText): Argument<string> => ({ name, words, reader })

const PARTNER: Pair = ['its name or its id; "partner list" shows both', '合作方名称或 id，见 "partner list"']

export const partnerArgument = argument('PARTNER', PARTNER)
export const partnerOption = (words = PARTNER): Option<string | null> => option('PARTNER', words, anyText)
