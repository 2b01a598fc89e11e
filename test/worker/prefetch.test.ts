import { expect, test } from 'vitest'
import { createPrefetch } from '../../src/worker/prefetch.ts'

type Endings = readonly (readonly [atMs: number, count: number])[]

/** What is prefetched at `atMs`, after attempts have ended at a host at these times. */
const countsAfter = (endings: Endings, atMs: number) => {
  let now = 0
  const prefetch = createPrefetch(() => now)
  for (const [endedAt, count] of endings) {
    now = endedAt
    for (let i = 0; i < count; i++) prefetch.ended('a.example')
  }
  now = atMs
  return Object.fromEntries(prefetch.counts())
}

// biome-ignore format: a table
const CASES: [claim: string, endings: Endings, atMs: number, counts: object][] = [
  ['nothing where no attempt has ended', [], 5, {}],
  ['as many as have ended in these 10 ms', [[0, 2], [3, 3]], 9, { 'a.example': 5 }],
  ['no fewer in the 10 ms after those', [[0, 5], [12, 1]], 19, { 'a.example': 5 }],
  ['more as soon as more have ended', [[0, 5], [12, 7]], 13, { 'a.example': 7 }],
  ['nothing after 20 ms in which none has ended', [[0, 5]], 20, {}],
  ['nothing for what had ended before a pause', [[0, 5], [40, 1]], 41, { 'a.example': 1 }],
]

test.each(CASES)('prefetches %s', (_claim, endings, atMs, counts) => {
  expect(countsAfter(endings, atMs)).toEqual(counts)
})

test('counts each host by itself', () => {
  const prefetch = createPrefetch(() => 0)
  for (const host of ['a.example', 'b.example', 'a.example']) prefetch.ended(host)
  expect(Object.fromEntries(prefetch.counts())).toEqual({ 'a.example': 2, 'b.example': 1 })
})
