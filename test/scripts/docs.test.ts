import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { documents, staleDocuments } from '../../scripts/docs.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { settingGroups } from '../../src/config/settings.ts'

const root = join(import.meta.dirname, '../..')

test.each(documents)('$path says what its source says', ({ path, text }) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text())
})

test('a missing or different document is stale', () => {
  expect(staleDocuments(root)).toEqual([])
  expect(staleDocuments(join(root, 'nowhere'))).toEqual(documents.map(({ path }) => path))
})

test('the example with its comments taken away holds every setting and is valid', () => {
  const example = readFileSync(join(root, '.env.example'), 'utf8')
  const env = parseEnv(example.replaceAll(/^#(?=[A-Z])/gm, '')) as Record<string, string>
  const names = settingGroups.flatMap(([, { settings }]) => Object.values(settings).map(({ name }) => name))
  expect(Object.keys(env).toSorted()).toEqual(names.toSorted())
  expect(readConfig(env, 'database')).toEqual(readConfig({}, 'database'))
})
