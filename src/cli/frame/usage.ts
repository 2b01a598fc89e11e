import type { Language, Words } from '../../core/language.ts'
import { nearestName } from '../../core/nearest-name.ts'
import { type Command, flagOf } from './command.ts'

/** What was typed after the command's own words. An option without a value is `true`. */
export interface Typed {
  /** Arguments and unknown options, in their order. */
  args: readonly string[]
  options: Readonly<Record<string, string | boolean | undefined>>
}

export type Usage = { ok: true; input: Record<string, unknown> } | { ok: false; problems: readonly string[] }

const en = {
  unknownOption: (flag: string, nearest: string | undefined) =>
    `${flag} is no option of this command${nearest ? `; did you mean ${nearest}?` : ''}`,
  unknownCommand: (name: string, nearest: string | undefined) =>
    `${name} is no command${nearest ? `; did you mean ${nearest}?` : ''}`,
  noValue: (flag: string, placeholder: string) => `${flag} needs a value: ${flag} ${placeholder}`,
  needsNoValue: (flag: string) => `${flag} takes no value`,
  missing: (name: string) => `${name} is missing`,
  tooMany: (text: string) => `${text} is one argument too many`,
}

const zh: typeof en = {
  unknownOption: (flag, nearest) => `此命令没有选项 ${flag}${nearest ? `，是否想用 ${nearest}？` : ''}`,
  unknownCommand: (name, nearest) => `没有命令 ${name}${nearest ? `，是否想用 ${nearest}？` : ''}`,
  noValue: (flag, placeholder) => `${flag} 需要一个值：${flag} ${placeholder}`,
  needsNoValue: flag => `${flag} 不带值`,
  missing: name => `缺少 ${name}`,
  tooMany: text => `多余的参数 ${text}`,
}

const TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }

/** A name that differs by more is not taken for a slip. */
const LIKELY = 2

/** Of every command. */
const COMMON_FLAGS = ['--lang', '--help']

export const unknownCommand = (name: string, known: readonly string[], language: Language): string =>
  TEXTS[language].unknownCommand(name, nearestName(name, known, LIKELY))

/** Reads all that was typed, or names every problem of it. */
export const readUsage = (command: Command, { args, options }: Typed, language: Language): Usage => {
  const texts = TEXTS[language]
  const problems: string[] = []
  const input: Record<string, unknown> = {}
  const take = <T>(key: string, name: string, read: { ok: true; value: T } | { ok: false; must: Words }) => {
    if (read.ok) input[key] = read.value
    else problems.push(`${name} ${read.must[language]}`)
  }

  const flags = args.filter(text => text.length > 1 && text.startsWith('-'))
  const given = args.filter(text => !flags.includes(text))
  const wanted = Object.entries(command.args)
  for (const [index, [key, { name, read, isOptional }]] of wanted.entries()) {
    const text = given[index]
    if (text === undefined && isOptional) input[key] = null
    else if (text === undefined) problems.push(texts.missing(name))
    else take(key, name, read(text))
  }
  for (const [key, option] of Object.entries(command.options)) {
    const flag = flagOf(key)
    const text = options[key]
    if (text === undefined) {
      if (option.fallback === undefined) problems.push(texts.missing(flag))
      else input[key] = option.fallback
    } else if (option.placeholder === null) input[key] = true
    else if (typeof text === 'string') take(key, flag, option.read(text))
    else problems.push(texts.noValue(flag, option.placeholder))
  }
  const known = [
    ...Object.keys(command.options).map(flagOf),
    ...(command.printsData ? ['--json'] : []),
    ...COMMON_FLAGS,
  ]
  for (const flag of flags) {
    const name = flag.replace(/=.*/s, '')
    problems.push(
      known.includes(name) ? texts.needsNoValue(name) : texts.unknownOption(name, nearestName(name, known, LIKELY)),
    )
  }
  // What follows an unknown option may be its value.
  if (flags.length === 0) problems.push(...given.slice(wanted.length).map(texts.tooMany))
  return problems.length > 0 ? { ok: false, problems } : { ok: true, input }
}
