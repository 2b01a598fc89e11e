import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/core/duration.ts'
import { showBytes, showSpan } from '../../src/core/show-sizes.ts'

test('spans and sizes are said in a unit of which there are several', () => {
  expect([0, 1_500, 3 * MINUTE, 90 * MINUTE, 5 * HOUR, 3 * DAY].map(ms => showSpan(ms, 'en'))).toEqual([
    ...['0 s', '2 s', '3 min', '90 min', '5 h', '3 days'],
  ])
  expect([512, 4_300_000, 1.25e9].map(showBytes)).toEqual(['0.512 kB', '4.3 MB', '1.25 GB'])
})
