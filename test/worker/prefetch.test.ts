import { expect, test } from 'vitest'
import { createAhead } from '../../src/worker/prefetch.ts'

/** Counts after this many have ended at each of these times. */
const countsAfter = (endings: readonly (readonly [atMs: number, count: number])[], atMs: number) => {
  let now = 0
  const ahead = createAhead(() => now)
  for (const [endedAt, count] of endings) {
    now = endedAt
    for (let i = 0; i < count; i++) ahead.add('a.example')
  }
  now = atMs
  return Object.fromEntries(ahead.counts())
}

test.each<[claim: string, endings: [atMs: number, count: number][], atMs: number, counts: object]>([
  ['none where none has ended', [], 5, {}],
  [
    'what has ended in these 10 ms',
    [
      [0, 2],
      [3, 3],
    ],
    9,
    { 'a.example': 5 },
  ],
  [
    'no less in the 10 ms after those',
    [
      [0, 5],
      [12, 1],
    ],
    19,
    { 'a.example': 5 },
  ],
  [
    'more as soon as more have ended',
    [
      [0, 5],
      [12, 7],
    ],
    13,
    { 'a.example': 7 },
  ],
  ['none after 20 ms without any', [[0, 5]], 20, {}],
  [
    'nothing of what was before a pause',
    [
      [0, 5],
      [40, 1],
    ],
    41,
    { 'a.example': 1 },
  ],
  [
    'anew when the clock is put back',
    [
      [60_000, 5],
      [0, 2],
      [15, 1],
    ],
    16,
    { 'a.example': 2 },
  ],
])('counts %s', (_claim, endings, atMs, counts) => {
  expect(countsAfter(endings, atMs)).toEqual(counts)
})

test('counts each for itself', () => {
  const ahead = createAhead(() => 0)
  for (const key of ['a', 'b', 'a']) ahead.add(key)
  expect(ahead.counts()).toEqual(
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  )
})
