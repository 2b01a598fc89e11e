import { describe, expect, test } from 'vitest'
import { readRetryAfter } from '../../src/core/retry-after.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['315360000', 315_360_000_000],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
    ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
    ['Sun Nov  6 08:50:37 1994', 60_000],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Mon, 06 Nov 1893 08:49:36 GMT', 0],
  ])('U4 reads %s', (header, waitMs) => {
    expect(readRetryAfter(header, NOW)).toBe(waitMs)
  })

  test.each([null, '', '-1', '1.5', 'soon', '120, 60', '1994-11-06T08:50:37Z', 'Sun, 06 Nov 1994 08:50:37 +0100'])(
    'U4 says nothing for %j',
    header => {
      expect(readRetryAfter(header, NOW)).toBeNull()
    },
  )
})
