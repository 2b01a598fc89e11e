import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { markSettings, withSettings } from '../../../src/http/docs/setting-texts.ts'
import { SHOWN_SETTINGS } from '../support/api.ts'

const ROOT = new URL('../../../', import.meta.url)
const documents = globSync('docs/{,examples/}*.md', { cwd: ROOT.pathname })
const show = (name: string, settings: Partial<typeof SHOWN_SETTINGS>, language: 'en' | 'zh' = 'en') =>
  withSettings(
    markSettings(`<!-- setting: ${name} -->x<!-- /setting -->`),
    { ...SHOWN_SETTINGS, ...settings },
    language,
  )

test.each(documents)('%s has the defaults where it has settings', file => {
  const markdown = readFileSync(new URL(file, ROOT), 'utf8')
  const bare = markdown.replace(/<!-- setting: \w+ -->([\s\S]*?)<!-- \/setting -->/g, '$1')
  expect(withSettings(markSettings(markdown), SHOWN_SETTINGS, file.endsWith('.zh-CN.md') ? 'zh' : 'en')).toBe(bare)
  expect(bare).not.toMatch(/<!-- \/?setting/)
})

test.each([
  [1_000, '1 s'],
  [90_000, '90 s'],
  [120_000, '2 min'],
  [86_400_000, '24 h'],
  [2_592_000_000, '30 days'],
])('a duration of %d ms is %s', (ms, text) => {
  expect(show('CALLBACK_TIMEOUT', { callbackTimeoutMs: ms })).toBe(text)
})

test('a list is written as its readers do', () => {
  const settings = { retryScheduleMs: [5_000, 300_000, 7_200_000] }
  expect(show('RETRY_SCHEDULE', settings, 'zh')).toBe('5 秒、5 分钟、2 小时')
  expect(show('RETRY_SCHEDULE', settings, 'en')).toBe('5 s, 5 min and 2 h')
})

test('a name that nobody knows keeps its text', () => {
  expect([show('NOTHING', {}), show('constructor', {})]).toEqual(['x', 'x'])
})
