import type { Language } from '../core/language.ts'
import { CALLBACK, POLLING, UPSTREAM } from './call-settings.ts'
import type { Parser } from './parsers.ts'
import { LOG, NODE, OPERATOR, SERVER, STORAGE, TRACES } from './service-settings.ts'
import type { SettingGroup } from './setting.ts'

/** Every setting, once. The config and its type, the errors, `settings` and the documents are all made from this table. */
const SETTINGS = {
  storage: STORAGE,
  node: NODE,
  server: SERVER,
  upstream: UPSTREAM,
  polling: POLLING,
  callback: CALLBACK,
  operator: OPERATOR,
  log: LOG,
  traces: TRACES,
} satisfies Record<string, SettingGroup>

type Groups = typeof SETTINGS
type Value<S> = S extends { parser: Parser<infer T>; default: infer D } ? (D extends null ? T | null : T) : never

/** The parsed settings. Durations are milliseconds; a setting without a default is null if it is not set. */
export type Config = {
  readonly [G in keyof Groups]: { readonly [K in keyof Groups[G]['settings']]: Value<Groups[G]['settings'][K]> }
}

/** The table as a list, for code that treats all settings alike. */
export const settingGroups: readonly [group: string, SettingGroup][] = Object.entries(SETTINGS)

const HELP_WORDS = {
  en: { head: 'Defaults, not what is set:', file: 'or from the file that NAME_FILE names', needed: 'required' },
  zh: { head: '以下为默认值，并非当前值：', file: '也可用 NAME_FILE 指定文件', needed: '必填' },
}

/** Every setting with its default and its sentence. */
export const settingsHelp = (language: Language): string => {
  const { head, file, needed } = HELP_WORDS[language]
  const groups = settingGroups.map(([, { title, settings }]) => {
    const lines = Object.values(settings).map(setting => {
      const origin = setting.default ? `=${setting.default}` : setting.neededFor ? ` (${needed})` : ''
      const from = setting.secret ? ` [${file.replace('NAME', setting.name)}]` : ''
      return `  ${setting.name}${origin}${from}\n      ${setting[language].replaceAll('`', '')}`
    })
    return [title[language], ...lines].join('\n')
  })
  return [head, ...groups].join('\n\n')
}
