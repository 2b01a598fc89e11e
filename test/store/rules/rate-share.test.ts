import { expect, test } from 'vitest'
import type { ServiceNode } from '../../../src/store/nodes.ts'
import { shareOfRates as shareAt } from '../../../src/store/rules/rate-share.ts'

const NOW = Date.parse('2026-11-26T08:00:00Z')
const shareOfRates = (nodes: readonly ServiceNode[]) => shareAt(nodes, NOW)
const node = (id: number, more: Partial<ServiceNode> = {}): ServiceNode => ({
  ...{
    id: `node_${id}`,
    name: `${id}:8080`,
    version: '1',
    settings: 's',
    clockAheadMs: null,
    roles: ['api', 'poll'],
    key: 'k',
  },
  ...{ startedAt: NOW - 60_000, seenAt: NOW, steadyAt: NOW - 60_000, lostAt: null, ...more },
})
const nodes = (count: number, more: Partial<ServiceNode> = {}) => Array.from({ length: count }, (_, n) => node(n, more))

test('any number of nodes allowed as many times a rate as they are; now twice at most', () => {
  expect([0, 1, 2, 3, 4, 10].map(count => shareOfRates(nodes(count)))).toEqual([1, 1, 1, 2 / 3, 0.5, 0.2])
})

test('a node counts that serves, and that has shown itself in the last half minute', () => {
  const gone = nodes(6, { seenAt: NOW - 30_001 })
  expect(shareOfRates([...gone, ...nodes(4)])).toBe(0.5)
  expect(shareOfRates([...nodes(6, { roles: ['poll', 'deliver'] }), ...nodes(4)])).toBe(0.5)
  // Before the clock was set back.
  expect(shareOfRates([node(9, { seenAt: NOW + 3_600_000 }), ...nodes(4)])).toBe(0.5)
  // A node of its own that does not serve allows nothing to anybody.
  expect(shareOfRates(nodes(6, { roles: ['deliver'] }))).toBe(1)
})
