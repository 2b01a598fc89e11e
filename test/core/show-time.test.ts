import { expect, test } from 'vitest'
import { SHOW_TIME, timeIn } from '../../src/core/show-time.ts'

const AT = Date.parse('2026-11-24T16:20:05.999Z')

test('a reader of Chinese was told times in UTC', () => {
  expect(SHOW_TIME.zh(AT)).toBe('北京时间 2026-11-25 00:20:05')
  expect(SHOW_TIME.en(AT)).toBe('2026-11-24 16:20:05 UTC')
})

test('a reader elsewhere is told the zone', () => {
  expect(timeIn('en', 'Asia/Shanghai')(AT)).toBe('2026-11-25 00:20:05 (Asia/Shanghai)')
  expect(timeIn('zh', 'UTC')(AT)).toBe('协调世界时 2026-11-24 16:20:05')
  expect(timeIn('zh', 'America/New_York')(AT)).toBe('当地时间（America/New_York）2026-11-24 11:20:05')
})
