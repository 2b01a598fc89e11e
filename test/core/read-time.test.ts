import { expect, test } from 'vitest'
import { readTime } from '../../src/core/read-time.ts'

const now = Date.parse('2026-11-27T04:00:00Z')
const read = (text: string, zone: string | null = 'Asia/Shanghai', isEnd = false) => {
  const time = readTime(text)
  return time && new Date(time({ now, zone, isEnd })).toISOString()
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
  ['2026-11-24T16:20:05+0800', '2026-11-24T08:20:05.000Z'],
  ['2026-11-24T16:20:05 08:00', '2026-11-24T08:20:05.000Z'],
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

test.each([
  ['2026-12-02', 'Asia/Shanghai', '2026-12-01T16:00:00.000Z', '2026-12-02T16:00:00.000Z'],
  ['2026-12-02', null, '2026-12-02T00:00:00.000Z', '2026-12-03T00:00:00.000Z'],
  // Of 23 and of 25 hours.
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
  ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
  // Without a midnight, with two of them, and after it came an hour early.
  ['2026-09-06', 'America/Santiago', '2026-09-06T04:00:00.000Z', '2026-09-07T03:00:00.000Z'],
  ['2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
  ['2014-10-31', 'Asia/Amman', '2014-10-30T21:00:00.000Z', '2014-10-31T22:00:00.000Z'],
  ['2026-12-02', 'Asia/Kolkata', '2026-12-01T18:30:00.000Z', '2026-12-02T18:30:00.000Z'],
])('the day %s in %s is from %s up to %s', (day, zone, first, next) => {
  expect([read(day, zone), read(day, zone, true)]).toEqual([first, new Date(Date.parse(next) - 1).toISOString()])
})

test('a time of day is of yesterday, also when that had 23 hours', () => {
  const at = Date.parse('2026-03-09T04:10:00Z')
  expect(readTime('13:00')?.({ now: at, zone: 'America/New_York' })).toBe(Date.parse('2026-03-08T17:00:00Z'))
})

test('a time of day has no meaning without a zone', () => {
  const here = { now, zone: null }
  for (const text of ['13:00', '2026-11-24 16:20']) expect(readTime(text)?.(here)).toBeNaN()
})

test.each([
  '',
  'today',
  '24:00',
  '10:60',
  '2026-02-31',
  '2026-13-01',
  '2026-11-27 25:00',
  '27.11.2026',
  '10',
  '-1h',
  '0001-01-01',
  '9999-12-31T23:59:59-08:00',
  '0000-01-01T00:00:00+08:00',
])('%s is no time', text => {
  expect(read(text)).toBeNull()
})
