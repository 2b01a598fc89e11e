import { createHash } from 'node:crypto'
import { type Config, settingGroups } from './settings.ts'

/** Settings that the nodes of one database need not have in common. */
const OF_A_NODE =
  /^(ROLES|HOST|PORT|DATABASE_URL|LOG_LEVEL|TRUST_PROXY|OTEL_.*|TRACES|CALLBACK_CONCURRENCY.*|UPSTREAM_CONCURRENCY)$/
const LENGTH = 8

/**
 * Returns an id of the settings that all nodes of a database should have in common: equal settings have equal ids.
 * Secrets have no part in it.
 */
export const settingsIdOf = (config: Config): string => {
  const values = settingGroups.flatMap(([group, { settings }]) =>
    Object.entries(settings)
      .filter(([, { name, secret }]) => !secret && !OF_A_NODE.test(name))
      .map(([key, { name }]) => [name, (config[group as keyof Config] as Record<string, unknown>)[key]]),
  )
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, LENGTH)
}
