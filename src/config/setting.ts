import type { Parser } from './parsers.ts'

export type Language = 'en' | 'zh'

export interface Setting {
  name: string
  parse: Parser<unknown>
  /** As it would stand in the environment; null where nothing stands in for it, and the value is then null too. */
  default: string | null
  /** Never printed, and readable from the file that `NAME_FILE` names. */
  secret?: true
  /** Must be set for a command with this need. */
  neededFor?: 'upstream'
  en: string
  zh: string
}

export interface SettingGroup {
  title: Record<Language, string>
  /** By its name in the config. */
  settings: Record<string, Setting>
}
