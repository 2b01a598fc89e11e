import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import {
  HEARTBEAT_MS,
  judgeNodes,
  type NewNode,
  planHeartbeat,
  type ServiceNode,
  shareOfRates,
} from '../../../src/store/operators/nodes.ts'
import { newNode } from '../support/nodes.ts'

const START = Date.parse('2026-11-26T08:00:00Z')

const named = (name: string, { key = '11111111', ...more }: Partial<NewNode & { key: string }> = {}) => ({
  ...newNode(name, more),
  key,
})

/** Nodes that beat on one database, and a clock. */
const openCluster = () => {
  let now = START
  let rows: ServiceNode[] = []
  const beat = (node: ReturnType<typeof named>) => {
    rows = planHeartbeat(rows, node, now).nodes
    return rows
  }
  const judged = () => judgeNodes(rows)
  return {
    beat,
    /** These beat for so long, as nodes do. */
    run: (ms: number, ...nodes: ReturnType<typeof named>[]) => {
      for (const end = now + ms; now < end; now += HEARTBEAT_MS) for (const node of nodes) beat(node)
    },
    step: (ms: number) => {
      now += ms
    },
    ids: () => rows.map(({ id }) => id),
    lost: () => judged().flatMap(({ id, isLost }) => (isLost ? [id] : [])),
    differing: () => judged().flatMap(({ id, differsIn }) => (differsIn.length > 0 ? [[id, ...differsIn]] : [])),
    judged,
  }
}

const [A, B, C] = [named('a'), named('b'), named('c')]

describe('a node is lost', () => {
  test('once another one, which was there, has missed it for 30 s', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, B)
    cluster.run(30 * SECOND, A)
    expect(cluster.lost()).toEqual([])
    cluster.run(10 * SECOND, A)
    expect(cluster.lost()).toEqual(['node_b'])
    cluster.run(5 * SECOND, A, B)
    expect(cluster.lost()).toEqual([])
  })

  test('also where one of its name had been started while it was there', () => {
    const cluster = openCluster()
    const [one, two] = [named('a', { id: 'node_1' }), named('a', { id: 'node_2' })]
    cluster.run(MINUTE, one, two)
    cluster.run(MINUTE, two)
    expect(cluster.lost()).toEqual(['node_1'])
    cluster.run(20 * SECOND, two, named('a', { id: 'node_3' }))
    expect(cluster.ids()).toEqual(['node_2', 'node_3'])
  })

  test('not where the database was away for all', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, B)
    cluster.step(10 * MINUTE)
    cluster.beat(A)
    expect(cluster.lost()).toEqual([])
    cluster.step(HEARTBEAT_MS)
    cluster.beat(B)
    cluster.run(MINUTE, A, B)
    expect(cluster.lost()).toEqual([])
  })
})

describe('a lost node is forgotten', () => {
  test('soon, where it has been started again', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, B)
    cluster.run(25 * SECOND, A, { ...B, id: 'node_b2' })
    expect(cluster.ids()).toEqual(['node_a', 'node_b2'])
    expect(cluster.lost()).toEqual([])
  })

  test('where another one was started for the same work, one for one', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, B, C)
    const [deliverer, next] = [named('d', { roles: ['deliver'] }), named('e')]
    cluster.run(20 * SECOND, A)
    cluster.run(5 * MINUTE, A, deliverer, next)
    expect(cluster.ids()).toEqual(['node_a', 'node_c', 'node_d', 'node_e'])
    expect(cluster.lost()).toEqual(['node_c'])
  })

  test('after a day', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, B)
    cluster.run(DAY + MINUTE, A)
    expect(cluster.ids()).toEqual(['node_a'])
  })
})

test('two nodes by the same name do not displace each other', () => {
  const cluster = openCluster()
  const [one, two] = [named('a', { id: 'node_1' }), named('a', { id: 'node_2' })]
  cluster.run(MINUTE, one)
  cluster.run(HOUR, one, two)
  expect(cluster.judged().map(({ id, startedAt }) => [id, startedAt])).toEqual([
    ['node_1', START],
    ['node_2', START + MINUTE],
  ])
})

describe('a node differs', () => {
  test('from the one that was started last', () => {
    const cluster = openCluster()
    cluster.run(MINUTE, A, named('b', { settings: 'bbbbbbbb', key: '22222222' }), C)
    expect(cluster.differing()).toEqual([['node_b', 'settings', 'key']])
  })

  test('during a rolling upgrade, since both versions are there, and no more at its end', () => {
    const cluster = openCluster()
    cluster.run(HOUR, A, B, C)
    const [a, b, c] = [A, B, C].map(node => ({ ...node, id: `${node.id}_2`, version: '1.1.0' }))
    if (!a || !b || !c) throw new Error('they are three')
    cluster.run(MINUTE, a, B, C)
    expect(cluster.differing()).toEqual([
      ['node_b', 'version'],
      ['node_c', 'version'],
    ])
    cluster.run(MINUTE, a, b, C)
    expect(cluster.differing()).toEqual([['node_c', 'version']])
    expect(cluster.judged().find(({ id }) => id === 'node_c')?.differsSince).toBe(START + HOUR + MINUTE)
    cluster.run(MINUTE, a, b, c)
    expect(cluster.differing()).toEqual([])
  })
})

test('each node that serves, and was there in the last half minute, allows an even part of twice a rate', () => {
  const nodes = (count: number, more: Partial<ServiceNode> = {}): ServiceNode[] =>
    Array.from({ length: count }, (_, n) => ({
      ...{ ...named(`${n}`), startedAt: START, seenAt: START, steadyAt: START, lostAt: null, ...more },
    }))
  const shares = [0, 1, 2, 3, 4, 10].map(count => shareOfRates(nodes(count), START))
  expect(shares).toEqual([1, 1, 1, 2 / 3, 0.5, 0.2])
  const others = [...nodes(6, { seenAt: START - 31 * SECOND }), ...nodes(6, { roles: ['poll', 'deliver'] })]
  expect(shareOfRates([...others, ...nodes(4)], START)).toBe(0.5)
})
