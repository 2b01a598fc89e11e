import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withSettings } from '../../../src/http/docs/setting-texts.ts'
import { SHOWN_SETTINGS } from '../support/api.ts'

const ROOT = new URL('../../../', import.meta.url)
const documents = globSync('docs/{,examples/}*.md', { cwd: ROOT.pathname })
const show = (name: string, settings: Partial<typeof SHOWN_SETTINGS>, language: 'en' | 'zh' = 'en') =>
  withSettings(`<!-- setting: ${name} -->x<!-- /setting -->`, { ...SHOWN_SETTINGS, ...settings }, language)

test.each(documents)('%s has the defaults where it has settings', file => {
  const markdown = readFileSync(new URL(file, ROOT), 'utf8')
  const bare = markdown.replace(/<!-- setting: \w+ -->([\s\S]*?)<!-- \/setting -->/g, '$1')
  expect(withSettings(markdown, SHOWN_SETTINGS, file.endsWith('.zh-CN.md') ? 'zh' : 'en')).toBe(bare)
  expect(bare).not.toMatch(/<!-- \/?setting/)
})

describe('a duration', () => {
  test.each([
    [0, '0 ms'],
    [500, '500 ms'],
    [1_000, '1 s'],
    [60_000, '60 s'],
    [90_000, '90 s'],
    [120_000, '2 min'],
    [86_400_000, '24 h'],
    [2_592_000_000, '30 days'],
  ])('of %d ms is %s', (ms, text) => {
    expect(show('CALLBACK_TIMEOUT', { callbackTimeoutMs: ms })).toBe(text)
  })

  test('is written as Chinese readers do', () => {
    expect(show('RETRY_SCHEDULE', { retryScheduleMs: [5_000, 300_000, 7_200_000] }, 'zh')).toBe('5 秒、5 分钟、2 小时')
    expect(show('RETRY_SCHEDULE', { retryScheduleMs: [5_000] }, 'en')).toBe('5 s')
  })
})

test('a name that nobody knows keeps its text', () => {
  expect(show('NOTHING', {})).toBe('x')
  expect(show('constructor', {})).toBe('x')
})
