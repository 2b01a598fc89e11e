import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { relaxedSettings } from '../../src/config/relaxed-settings.ts'

const relaxedIn = (env: Record<string, string>) => {
  const read = readConfig(env, { need: 'database', readFile: () => '' })
  if (!read.ok) throw new Error('wrong settings')
  return relaxedSettings(read.config).map(({ setting }) => setting)
}

test('nothing is open by default', () => {
  expect(relaxedIn({})).toEqual([])
  expect(relaxedIn({ SANDBOX: 'false', CALLBACK_ALLOW_HTTP: 'false', CALLBACK_ALLOW_NETWORKS: '' })).toEqual([])
})

test.each([
  ['SANDBOX', 'true'],
  ['CALLBACK_ALLOW_HTTP', 'true'],
  ['CALLBACK_ALLOW_NETWORKS', '10.0.0.0/8'],
])('%s=%s opens something', (name, text) => {
  expect(relaxedIn({ [name]: text })).toEqual([name])
})
