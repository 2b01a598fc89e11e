import { expect, test } from 'vitest'
import { readable } from '../../src/store/history/history.ts'

test.each([
  ['all of them', [50_000, 10_000], [2, 1]],
  ['the newest ones', [50_000, 20_000], [2]],
  ['no older one behind one that is too much', [50_000, 20_000, 1], [3]],
  ['the newest, however much it is', [70_000, 1], [2]],
])('groups are read of %s', (_, rows, read) => {
  const hours = rows.map((n, i) => ({ at: rows.length - i, n }))
  expect(readable(hours, 60_000).map(({ at }) => at)).toEqual(read)
})
