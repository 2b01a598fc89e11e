import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { markSettings, withSettings } from '../../../src/http/docs/setting-texts.ts'
import { DEFAULTS } from '../support/api.ts'

const ROOT = new URL('../../../', import.meta.url)
const documents = globSync('docs/{,examples/}*.md', { cwd: ROOT.pathname })
const show = (name: string) => withSettings(markSettings(`<!-- setting: ${name} -->x<!-- /setting -->`), DEFAULTS, 'en')

test.each(documents)('%s has the defaults where it has settings', file => {
  const markdown = readFileSync(new URL(file, ROOT), 'utf8')
  const bare = markdown
    .replace(/<!-- setting: \w+ -->([\s\S]*?)<!-- \/setting -->/g, '$1')
    .replace(/<!-- test serials -->[\s\S]*?<!-- off: ([\s\S]*?) -->/g, '$1')
    .replace(/test_success_3s_('"\$\(date \+%s\)"'|\$\(date \+%s\))/g, '…')
  expect(withSettings(markSettings(markdown), DEFAULTS, file.endsWith('.zh-CN.md') ? 'zh' : 'en')).toBe(bare)
  expect(bare).not.toMatch(/<!-- \/?setting/)
})

test.each([
  ['en', { sandbox: true }, 'on', 'test_success_3s_$(date +%s)'],
  ['en', { url: 'http://127.0.0.1:8090/' }, 'on', 'test_success_3s_$(date +%s)'],
  ['zh', {}, 'off', '…'],
] as const)('only what is so of test serials is shown: %s, %o', (language, upstream, branch, serial) => {
  const text = '<!-- test serials -->*on*<!-- off: *off* --> `test_success_3s_$(date +%s)`'
  const config = { ...DEFAULTS, upstream: { ...DEFAULTS.upstream, ...upstream } }
  expect(withSettings(markSettings(text), config, language)).toBe(`*${branch}* \`${serial}\``)
})

test('a name that nobody knows keeps its text', () => {
  expect([show('NOTHING'), show('constructor')]).toEqual(['x', 'x'])
})
