import { createHash } from 'node:crypto'
import { type Config, settingGroups } from './settings.ts'

const LENGTH = 8
const fingerprint = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, LENGTH)

/** The settings that all nodes of a database should have in common. Secrets have no part in it. */
const commonValues = (config: Config) =>
  settingGroups.flatMap(([group, { settings }]) =>
    Object.entries(settings)
      .filter(([, { secret, perNode }]) => !secret && !perNode)
      .map(([key, { name }]) => [name, (config[group as keyof Config] as Record<string, unknown>)[key]] as const),
  )

/** Returns an id of the settings that all nodes of a database should have in common: equal settings have equal ids. */
export const settingsIdOf = (config: Config): string => fingerprint(commonValues(config))

/** Returns the id, and each setting as `NAME=FINGERPRINT`, separated by spaces. */
export const settingPrintsOf = (config: Config): string =>
  [settingsIdOf(config), ...commonValues(config).map(([name, value]) => `${name}=${fingerprint([value])}`)].join(' ')
