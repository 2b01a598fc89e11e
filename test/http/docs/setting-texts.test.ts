import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { markSettings, withSettings } from '../../../src/http/docs/setting-texts.ts'
import { DEFAULTS } from '../support/api.ts'

const ROOT = new URL('../../../', import.meta.url)
const documents = globSync('docs/{,examples/}*.md', { cwd: ROOT.pathname })
const show = (name: string) => withSettings(markSettings(`<!-- setting: ${name} -->x<!-- /setting -->`), DEFAULTS, 'en')

test.each(documents)('%s has the defaults where it has settings', file => {
  const markdown = readFileSync(new URL(file, ROOT), 'utf8')
  const bare = markdown.replace(/<!-- setting: \w+ -->([\s\S]*?)<!-- \/setting -->/g, '$1')
  expect(withSettings(markSettings(markdown), DEFAULTS, file.endsWith('.zh-CN.md') ? 'zh' : 'en')).toBe(bare)
  expect(bare).not.toMatch(/<!-- \/?setting/)
})

test('a name that nobody knows keeps its text', () => {
  expect([show('NOTHING'), show('constructor')]).toEqual(['x', 'x'])
})
