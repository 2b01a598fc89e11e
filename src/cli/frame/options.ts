import { readDuration } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { lineForm, readLine } from '../../core/line.ts'
import { readTime, type TypedTime } from '../../core/read-time.ts'
import type { Argument, Option, Reading } from './command.ts'

const anyText = (text: string): Reading<string> =>
  text.trim() === ''
    ? { ok: false, must: { en: 'must not be empty', zh: '不能为空' } }
    : { ok: true, value: text.trim() }

const numberFrom =
  (min: number, max: number) =>
  (text: string): Reading<number> => {
    const value = Number(text)
    return /^\d+$/.test(text) && value >= min && value <= max
      ? { ok: true, value }
      : { ok: false, must: { en: `must be a whole number from ${min} to ${max}`, zh: `须为 ${min} 到 ${max} 的整数` } }
  }

const oneOf =
  <T extends string>(choices: readonly T[]) =>
  (text: string): Reading<T> => {
    const value = choices.find(choice => choice === text)
    return value === undefined
      ? { ok: false, must: { en: `must be one of ${choices.join(', ')}`, zh: `须为 ${choices.join('、')} 之一` } }
      : { ok: true, value }
  }

/** A name or a reason with the number of characters that it may have. */
export const lineOf =
  (longest: number) =>
  (text: string): Reading<string> => {
    const value = readLine(text, longest)
    return value === null ? { ok: false, must: lineForm(longest) } : { ok: true, value }
  }

/** A duration such as `30d`, in ms. */
export const readDurationOption = (text: string): Reading<number> => {
  const value = readDuration(text)
  return value !== null && value > 0
    ? { ok: true, value }
    : { ok: false, must: { en: 'must be a duration, such as 30d', zh: '须为时长，例如 30d' } }
}

export const readTimeOption = (text: string): Reading<TypedTime> => {
  const value = readTime(text)
  return value
    ? { ok: true, value }
    : {
        ok: false,
        must: {
          en: 'must be a time of yours (10:00, 2026-11-27, "2026-11-27 10:00"), one with its offset (2026-11-27T10:00:00+08:00), or how long ago (24h)',
          zh: '须为本地时间（10:00、2026-11-27、"2026-11-27 10:00"）、带时区的时间（2026-11-27T10:00:00+08:00）或距今时长（24h）',
        },
      }
}

const PARTNER: Words = {
  en: 'its name or its id; "partner list" shows both',
  zh: '合作方名称或 id，见 "partner list"',
}

export const flag = (words: Words): Option<boolean> => ({
  words,
  placeholder: null,
  read: () => ({ ok: true, value: true }),
  fallback: false,
})

/** An option with a value; null where it is not given. */
export const option = <T>(placeholder: string, words: Words, read: (text: string) => Reading<T>): Option<T | null> => ({
  words,
  placeholder,
  read,
  fallback: null,
})

export const textOption = (placeholder: string, words: Words): Option<string | null> =>
  option(placeholder, words, anyText)

export const numberOption = (words: Words, { min, max }: { min: number; max: number }): Option<number | null> =>
  option('NUMBER', words, numberFrom(min, max))

export const choiceOption = <const T extends string>(
  placeholder: string,
  words: Words,
  choices: readonly T[],
): Option<T | null> => ({ ...option(placeholder, words, oneOf(choices)), choices })

/** The same option, which must be given. */
export const required = <T>(of: Option<T | null>): Option<T> => ({
  ...of,
  read: of.read as Option<T>['read'],
  fallback: undefined,
})

/** The same option with a value of its own where none is given. */
export const withDefault = <T>(of: Option<T | null>, fallback: T): Option<T> => ({
  ...of,
  read: of.read as Option<T>['read'],
  fallback,
})

export const argument = (name: string, words: Words, read = anyText): Argument<string> => ({ name, words, read })

export const partnerArgument = (): Argument<string> => argument('PARTNER', PARTNER)

export const partnerOption = (words = PARTNER): Option<string | null> => textOption('PARTNER', words)

export const optionalArgument = (name: string, words: Words): Argument<string | null> => ({
  ...argument(name, words),
  isOptional: true,
})

export const choiceArgument = <const T extends string>(
  name: string,
  words: Words,
  choices: readonly T[],
): Argument<T> => ({ name, words, choices, read: oneOf(choices) })
