import { expect, test } from 'vitest'
import { readTime } from '../../src/core/read-time.ts'

const now = Date.parse('2026-11-27T04:00:00Z')
const read = (text: string, zone = 'Asia/Shanghai', at = now) => {
  const time = readTime(text)
  return time && new Date(time({ now: at, zone })).toISOString()
}

test.each([
  ['24h', '2026-11-26T04:00:00.000Z'],
  ['10:00', '2026-11-27T02:00:00.000Z'],
  ['9:30', '2026-11-27T01:30:00.000Z'],
  ['13:00', '2026-11-26T05:00:00.000Z'],
  ['12:00:00', '2026-11-27T04:00:00.000Z'],
  ['2026-11-27', '2026-11-26T16:00:00.000Z'],
  ['2026-11-27 10:00', '2026-11-27T02:00:00.000Z'],
  ['2026-11-24 16:20:05', '2026-11-24T08:20:05.000Z'],
  ['2026-11-24T16:20:05', '2026-11-24T08:20:05.000Z'],
  ['2026-11-24T16:20:05.250Z', '2026-11-24T16:20:05.250Z'],
  ['2026-11-24 16:20:05+01:00', '2026-11-24T15:20:05.000Z'],
])('%s is read as %s in Beijing', (text, at) => {
  expect(read(text)).toBe(at)
})

test.each([
  ['2026-03-29 01:30', '2026-03-29T00:30:00.000Z'],
  ['2026-03-29 03:30', '2026-03-29T01:30:00.000Z'],
  ['2026-07-01', '2026-06-30T22:00:00.000Z'],
  ['2026-12-01', '2026-11-30T23:00:00.000Z'],
])('%s is read as %s in Berlin, which changes its clocks', (text, at) => {
  expect(read(text, 'Europe/Berlin')).toBe(at)
})

test.each(['', 'today', '24:00', '10:60', '2026-02-31', '2026-13-01', '2026-11-27 25:00', '27.11.2026', '10', '-1h'])(
  '%s is no time',
  text => {
    expect(read(text)).toBeNull()
  },
)
