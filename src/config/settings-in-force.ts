import { isDeepStrictEqual } from 'node:util'
import { formatDuration } from '../core/duration.ts'
import type { Language } from '../core/language.ts'
import { type Config, settingGroups } from './settings.ts'

/** Formats a value as written in the environment. `key`: its name in the config, which ends in `Ms` for durations. */
const textOf = (key: string, value: unknown): string => {
  if (Array.isArray(value)) return value.map(item => textOf(key, item)).join(',')
  if (typeof value === 'number' && key.endsWith('Ms')) return formatDuration(value)
  if (typeof value === 'object' && value !== null && 'prefix' in value && 'address' in value)
    return `${value.address}/${value.prefix}`
  return String(value)
}

/** Every setting with its default and its value; for secrets only whether the value differs from the default. */
export const settingsInForce = (config: Config, language: Language) =>
  settingGroups.flatMap(([group, { settings }]) =>
    Object.entries(settings).map(([key, setting]) => {
      const value = (config[group as keyof Config] as Readonly<Record<string, unknown>>)[key] ?? null
      const standard = setting.default === null ? null : setting.parser.parse(setting.default)
      const isDefault = isDeepStrictEqual(value, standard)
      const own = value === null || setting.secret ? null : textOf(key, value)
      const text = isDefault ? setting.default : own
      const { name, neededFor, secret } = setting
      return {
        ...{ name, group, default: setting.default, required: neededFor !== undefined, secret: secret === true },
        ...{ meaning: setting[language], value: text, isDefault },
      }
    }),
  )
