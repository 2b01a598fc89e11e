import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { settingGroups } from '../../src/config/settings.ts'
import { settingPrintsOf, settingsIdOf } from '../../src/config/settings-id.ts'
import { differingSettings } from '../../src/core/node.ts'

const configWith = (changes: Record<string, string> = {}) => {
  const env = { IHUYI_ACCOUNT: 'C1', IHUYI_API_KEY: 'key', ...changes }
  const read = readConfig(env, 'upstream')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.config
}
const idWith = (changes: Record<string, string> = {}): string => settingsIdOf(configWith(changes))

/** Each setting in which nodes may differ, with a value that is not its default. */
const OF_A_NODE: Record<string, string> = {
  DATABASE_URL: 'file:other.db',
  ROLES: 'poll',
  HOST: '::1',
  PORT: '9000',
  TRUST_PROXY: '10.0.0.0/8',
  UPSTREAM_CONCURRENCY: '8',
  CALLBACK_CONCURRENCY: '32',
  CALLBACK_CONCURRENCY_PER_HOST: '8',
  LOG_LEVEL: 'debug',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
}

test('nodes may differ in these settings, and should agree on every other one', () => {
  const perNode = settingGroups.flatMap(([, { settings }]) => Object.values(settings).filter(one => one.perNode))
  expect(perNode.map(({ name }) => name)).toEqual(Object.keys(OF_A_NODE))
})

test('nodes with the same settings have the same id, whatever is their own', () => {
  expect(idWith()).toMatch(/^[0-9a-f]{8}$/)
  expect(idWith(OF_A_NODE)).toBe(idWith())
})

test('nodes that would poll, retry or call differently have different ones', () => {
  const changes = [{ RETRY_SCHEDULE: '1m' }, { UPSTREAM_RATE: '6' }, { IHUYI_ACCOUNT: 'C2' }, { RETENTION: '60d' }]
  expect(new Set([{}, ...changes].map(idWith)).size).toBe(5)
})

test('which settings differ was not said; secrets and those of a node are never named', () => {
  const prints = (changes: Record<string, string> = {}) => settingPrintsOf(configWith(changes))
  const secret = { IHUYI_API_KEY: 'another', ADMIN_TOKEN: 'x'.repeat(40) }
  expect(differingSettings(prints(), prints({ ...OF_A_NODE, ...secret }))).toEqual([])
  expect(differingSettings(prints(), prints({ RETENTION: '60d', UPSTREAM_RATE: '6' }))).toEqual([
    'RETENTION',
    'UPSTREAM_RATE',
  ])
  // A version before wrote no names.
  expect(differingSettings(idWith(), prints())).toEqual([])
})
