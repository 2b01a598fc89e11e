import { createHash } from 'node:crypto'
import { type Config, settingGroups } from './settings.ts'

const LENGTH = 8

/**
 * Returns an id of the settings that all nodes of a database should have in common: equal settings have equal ids.
 * Secrets have no part in it.
 */
export const settingsIdOf = (config: Config): string => {
  const values = settingGroups.flatMap(([group, { settings }]) =>
    Object.entries(settings)
      .filter(([, { secret, perNode }]) => !secret && !perNode)
      .map(([key, { name }]) => [name, (config[group as keyof Config] as Record<string, unknown>)[key]]),
  )
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, LENGTH)
}
