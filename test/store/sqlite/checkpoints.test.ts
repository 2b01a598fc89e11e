import { expect, onTestFinished, test } from 'vitest'
import { createCheckpoints } from '../../../src/store/sqlite/checkpoints.ts'
import { newPath, openBeside } from '../support/files.ts'

const openLog = () => {
  const path = newPath()
  const writer = openBeside(path)
  writer.pragma('journal_mode = WAL')
  writer.pragma('wal_autocheckpoint = 0')
  writer.exec('CREATE TABLE t (a)')
  const failures: unknown[] = []
  const checkpoints = createCheckpoints(writer, error => failures.push(error))
  onTestFinished(() => checkpoints.close())
  return {
    failures,
    count: () => (writer.pragma('wal_checkpoint(NOOP)') as [{ log: number; checkpointed: number }])[0],
    /** Adds so many pages of 4 KB to the log, as one commit. */
    write: (pages: number) => writer.prepare('INSERT INTO t VALUES (zeroblob(?))').run(pages * 4_096),
    pinnedMs: checkpoints.pinnedMs,
    openReader: () => {
      const reader = openBeside(path)
      reader.exec('BEGIN; SELECT count(*) FROM t')
      return { end: () => reader.exec('COMMIT') }
    },
  }
}

test('a log worth it is moved into the database, and begins anew with the next write', async () => {
  const log = openLog()
  log.write(100)
  expect(log.count().checkpointed).toBe(0)
  log.write(2_500)
  await expect.poll(() => log.count().checkpointed, { timeout: 5_000 }).toBeGreaterThan(2_500)
  log.write(1)
  expect(log.count().log).toBeLessThan(10)
  expect(log.failures).toEqual([])
})

test('a reader keeps the log from beginning anew, measured, and holds up no writer', async () => {
  const log = openLog()
  log.write(3_000)
  const reader = log.openReader()
  log.write(4_000)
  await expect.poll(log.pinnedMs, { timeout: 5_000 }).toBeGreaterThan(300)
  log.write(1)
  reader.end()
  await expect.poll(log.pinnedMs, { timeout: 5_000 }).toBe(0)
  log.write(1)
  expect(log.count().log).toBeLessThan(10)
  expect(log.failures).toEqual([])
})
