import { expect, test } from 'vitest'
import type { CutNode } from './inside/cut-node.ts'
import { obstacle, runInside } from './support/namespace.ts'

test('G3, G4, N10: a node that loses its way to the database says so, the other does its work, and it comes back by itself', {
  timeout: 120_000,
}, async context => {
  if (obstacle !== null) return context.skip(obstacle)
  const played = await runInside<CutNode>('cut-node')
  process.stdout.write(`${JSON.stringify(played)}\n`)
  // What is lost is looked for within 15 s, and a connection is given up after 5.
  for (const ms of [played.refusedMs, played.unreadyMs, played.longestMs]) expect(ms).toBeLessThan(20_000)
  // The server has ended its transactions, and with them its locks.
  expect(played.transactionsMs).toBeLessThan(25_000)
  expect(played.takenOverMs).toBeLessThan(25_000)
  expect(played.backMs).toBeLessThan(10_000)
  expect(played).toMatchObject({ surprises: [], broken: [], undelivered: 0 })
  expect(played.acknowledged).toBeGreaterThan(300)
})
