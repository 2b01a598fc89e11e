import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { settingsInForce } from '../../src/config/settings-in-force.ts'

test('what is in force is written as it can be set', () => {
  const env = {
    ...{ CALLBACK_ALLOW_NETWORKS: '10.1.0.0/16,fd00::/8', CALLBACK_SOURCES: '203.0.113.7', ROLES: 'poll,api' },
    ...{ UPSTREAM_RATE: '0.5', UPSTREAM_TIMEOUT: '1500ms', SANDBOX: 'true', RETRY_SCHEDULE: '90s,2h' },
  }
  const read = (given: Record<string, string>) => {
    const result = readConfig(given, 'database', false)
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    return result.config
  }
  const config = read(env)
  const inForce = settingsInForce(config, 'en')
  const changed = inForce.filter(({ isDefault }) => !isDefault)
  expect(changed.map(({ name }) => name).toSorted()).toEqual(Object.keys(env).toSorted())
  expect(read(Object.fromEntries(changed.map(({ name, value }) => [name, value ?? ''])))).toEqual(config)
})
