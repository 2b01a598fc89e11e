import { describe, expect, test } from 'vitest'
import { DAY, formatDuration, HOUR, MINUTE, readDuration, SECOND } from '../../src/core/duration.ts'

describe('reading a duration', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['5s', 5 * SECOND],
    ['10m', 10 * MINUTE],
    ['2h', 2 * HOUR],
    ['30d', 30 * DAY],
    ['007s', 7 * SECOND],
  ])('takes %s', (text, ms) => {
    expect(readDuration(text)).toBe(ms)
  })

  test.each(['', '5', '-5s', '1.5s', '5 s', '5s\n', '5S'])('refuses %j', text => {
    expect(readDuration(text)).toBeNull()
  })
})

describe('writing a duration', () => {
  test.each([
    [0, '0s'],
    [1, '1ms'],
    [1_500, '1500ms'],
    [90 * SECOND, '90s'],
    [60 * SECOND, '1m'],
    [24 * HOUR, '1d'],
    [36 * HOUR, '36h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
