import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { settingsIdOf } from '../../src/config/settings-id.ts'

const idWith = (changes: Record<string, string> = {}): string => {
  const env = { IHUYI_ACCOUNT: 'C1', IHUYI_API_KEY: 'key', ...changes }
  const read = readConfig(env, 'upstream')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return settingsIdOf(read.config)
}

test('nodes with the same settings have the same id, whatever is their own', () => {
  expect(idWith()).toMatch(/^[0-9a-f]{8}$/)
  const own = {
    PORT: '9000',
    ROLES: 'poll',
    LOG_LEVEL: 'debug',
    DATABASE_URL: 'file:other.db',
    CALLBACK_CONCURRENCY: '8',
  }
  expect(idWith(own)).toBe(idWith())
})

test('nodes that would poll, retry or call differently have different ones', () => {
  const changes = [{ RETRY_SCHEDULE: '1m' }, { UPSTREAM_RATE: '6' }, { IHUYI_ACCOUNT: 'C2' }, { RETENTION: '60d' }]
  expect(new Set([{}, ...changes].map(idWith)).size).toBe(5)
})
