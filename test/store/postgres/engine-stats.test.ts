import { expect, test } from 'vitest'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import type { PostgresCounts, PostgresStats } from '../../../src/store/stats/stats.ts'
import { findWriteError } from '../../../src/store/unavailable.ts'
import { openPostgres, useServer } from '../../support/postgres-server.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'

const { newDatabase } = useServer()

const openNode = async (limits = TIME_LIMITS) => {
  const database = await newDatabase()
  const store = await openPostgres(database.url, { connections: 2, limits })
  return {
    ...database,
    store,
    engine: async () => (await store.stats()).engine as PostgresStats,
    counts: async () => (await store.engineCounts()) as PostgresCounts,
    [Symbol.asyncDispose]: () => store.close(),
  }
}

const countOf = ({ counts }: { counts: readonly number[] }) => counts.reduce((sum, count) => sum + count, 0)

test('shows the size, the server, its connections, and its commits', async () => {
  await using node = await openNode()
  const before = await node.counts()
  await Promise.all([node.store.probe(), node.store.probe(), node.store.probe()])
  const after = await node.counts()
  const engine = await node.engine()
  expect(engine).toEqual({
    kind: 'postgres',
    serverVersion: expect.stringMatching(/^\d+\.\d+$/),
    databaseBytes: expect.any(Number),
    masterKey: expect.stringMatching(/^[0-9a-f]{8}$/),
    deadRows: { deliveries: 0, lanes: 0, registrations: 0, verifications: 0 },
    oldestSnapshotMs: 0,
  })
  expect(engine.databaseBytes).toBeGreaterThan(1e6)
  expect(after.errors).toMatchObject({ busy: 0, full: 0, connection: 0, serialization: 0, timeout: 0, other: 0 })
  expect(countOf(after.commits) - countOf(before.commits)).toBe(3)
  expect(Math.abs(after.clockAheadMs)).toBeLessThan(1_000)
  const { inUse, idle, waiting } = after.pools.api
  expect([inUse + idle, waiting]).toEqual([2, 0])
})

test('counts errors by reason, and names them as PostgreSQL does', async () => {
  await using node = await openNode(SHORT_LIMITS)
  expect(await findWriteError(node.store)).toBeNull()
  await node.query("ALTER TABLE meta ADD CONSTRAINT refuses CHECK (key <> 'probed') NOT VALID")
  expect(await findWriteError(node.store)).toBe('23514')
  expect((await node.counts()).errors.other).toBe(1)
  await node.query('ALTER TABLE meta DROP CONSTRAINT refuses')

  const other = await node.connect()
  await other.query('BEGIN; LOCK TABLE meta')
  const error = await findWriteError(node.store)
  await other.end()
  expect(error).toBe('55P03')
  expect((await node.counts()).errors).toMatchObject({ busy: 1, other: 1 })
  expect(await findWriteError(node.store)).toBeNull()
})
