import type { Language, Words } from '../core/language.ts'
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

const HEAD: Words = { en: 'Defaults, not what is set:', zh: '以下为默认值，并非当前值：' }
const REQUIRED: Words = { en: 'required', zh: '必填' }
const orFromFile = (name: string): Words => ({
  en: `or from the file that ${name}_FILE names`,
  zh: `也可用 ${name}_FILE 指定文件`,
})

/** Every setting with its default and its sentence. */
export const settingsHelp = (language: Language): string => {
  const groups = settingGroups.map(([, { title, settings }]) => {
    const lines = Object.values(settings).map(setting => {
      const origin = setting.default ? `=${setting.default}` : setting.neededFor ? ` (${REQUIRED[language]})` : ''
      const from = setting.secret ? ` [${orFromFile(setting.name)[language]}]` : ''
      return `  ${setting.name}${origin}${from}\n      ${setting[language].replaceAll('`', '')}`
    })
    return [title[language], ...lines].join('\n')
  })
  return [HEAD[language], ...groups].join('\n\n')
}
