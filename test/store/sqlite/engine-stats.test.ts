import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../../src/store/sqlite/thread/remote-store.ts'
import type { SqliteCounts } from '../../../src/store/stats/stats.ts'
import { newPath, openBeside, openFileBench } from '../support/files.ts'

const countOf = ({ counts }: { counts: readonly number[] }) => counts.reduce((sum, count) => sum + count, 0)

test.each([
  { where: 'here', openSqlite: openSqliteStore },
  { where: 'on a thread', openSqlite: openRemoteStore },
])('an engine that runs $where shows its sizes, and its commits', async ({ openSqlite }) => {
  const path = newPath()
  await using bench = await openFileBench(path, { open: openSqlite, now: Date.now })
  const countsNow = async () => (await bench.store.engineCounts()) as SqliteCounts
  const before = await countsNow()
  await Promise.all([bench.store.probe(), bench.store.probe(), bench.store.probe()])
  const after = await countsNow()
  expect((await bench.store.stats()).engine).toEqual({
    kind: 'sqlite',
    path,
    databaseBytes: statSync(path).size,
    walBytes: statSync(`${path}-wal`).size,
    diskFreeBytes: expect.any(Number),
    masterKey: expect.stringMatching(/^[0-9a-f]{8}$/),
  })
  expect(after).toMatchObject({
    walPinnedMs: 0,
    errors: {
      ...{ busy: 0, full: 0, read_only: 0, io: 0, corrupt: 0 },
      ...{ connection: 0, serialization: 0, timeout: 0, other: 0 },
    },
  })
  expect(countOf(after.commits) - countOf(before.commits)).toBe(1)
  expect(after.batches.sum - before.batches.sum).toBe(3)
  expect(after.commits.sum).toBeGreaterThan(before.commits.sum)
})

test('a call that another process has kept waiting for too long is counted once', async () => {
  const path = newPath()
  await using bench = await openFileBench(path, { now: Date.now })
  const other = openBeside(path)
  other.exec('BEGIN IMMEDIATE')
  await expect(bench.register()).rejects.toThrow('others keep it busy')
  other.exec('ROLLBACK')
  await bench.register()
  expect((await bench.store.engineCounts()).errors).toMatchObject({ busy: 1, other: 0 })
})

test('one in memory has neither files nor a disk', async () => {
  await using bench = await openFileBench(':memory:')
  expect((await bench.store.stats()).engine).toMatchObject({ databaseBytes: 0, walBytes: 0, diskFreeBytes: null })
})
