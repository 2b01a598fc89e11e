import { CALLBACK, POLLING, UPSTREAM } from './call-settings.ts'
import type { Parser } from './parsers.ts'
import { LOG, NODE, OPERATOR, SERVER, STORAGE, TRACES } from './service-settings.ts'
import type { SettingGroup } from './setting.ts'

/** Every setting, once. The config and its type, the errors and the documents are all made from this table. */
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
