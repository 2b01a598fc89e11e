import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Checkpoint, createCheckpoints, createRestartPause } from '../../src/store/sqlite/checkpoints.ts'

const openLog = () => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-checkpoints-'))
  const path = join(folder, 'notifier.db')
  const writer = new Database(path)
  writer.pragma('journal_mode = WAL')
  writer.pragma('wal_autocheckpoint = 0')
  writer.exec('CREATE TABLE t (a)')
  const count = () => (writer.pragma('wal_checkpoint(NOOP)') as [Checkpoint])[0]
  const failures: unknown[] = []
  const checkpoints = createCheckpoints({ path, count, onFailed: error => failures.push(error) })
  const opened = checkpoints.whenOpen()
  onTestFinished(async () => {
    await checkpoints.close()
    writer.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    path,
    count,
    failures,
    /** Adds so many pages of 4 KB to the log, as one commit. */
    write: (pages: number) => {
      writer.prepare('INSERT INTO t VALUES (zeroblob(?))').run(pages * 4_096)
      checkpoints.committed()
    },
    pinnedMs: checkpoints.pinnedMs,
    hasRestarted: () => checkpoints.whenOpen() !== opened,
    openReader: () => {
      const reader = new Database(path)
      onTestFinished(() => void reader.close())
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM t').get()
      return { end: () => reader.exec('COMMIT') }
    },
  }
}

test('a log of a few frames is left alone', async () => {
  const log = openLog()
  log.write(100)
  await new Promise(resolve => setTimeout(resolve, 400))
  expect(log.count().checkpointed).toBe(0)
})

test('a log worth it is moved into the database, and does not begin anew', async () => {
  const log = openLog()
  log.write(1_500)
  await expect.poll(() => log.count().checkpointed, { timeout: 5_000 }).toBeGreaterThan(1_500)
  expect(log.hasRestarted()).toBe(false)
})

test('a long log begins anew, however large its file is afterwards', async () => {
  const log = openLog()
  log.write(5_000)
  await expect.poll(log.hasRestarted, { timeout: 5_000 }).toBe(true)
  await expect.poll(() => log.count().checkpointed, { timeout: 5_000 }).toBeGreaterThan(5_000)
  log.write(1)
  expect(log.count().log).toBeLessThan(10)
})

test('while a reader keeps some of a long log from being moved, no writer is held up to begin it anew', async () => {
  const log = openLog()
  log.write(2_000)
  const reader = log.openReader()
  log.write(4_000)
  await expect.poll(() => log.count().checkpointed, { timeout: 5_000 }).toBeGreaterThan(1_900)
  for (let round = 0; round < 4; round++) {
    log.write(1)
    await new Promise(resolve => setTimeout(resolve, 300))
  }
  expect(log.count()).toMatchObject({ busy: 0 })
  expect(log.hasRestarted()).toBe(false)
  expect(log.pinnedMs()).toBeGreaterThan(500)
  reader.end()
  log.write(1)
  await expect.poll(log.hasRestarted, { timeout: 5_000 }).toBe(true)
  await expect.poll(log.pinnedMs, { timeout: 5_000 }).toBe(0)
  expect(log.failures).toEqual([])
})

describe('after a reader kept the log from beginning anew, the next try', () => {
  test('waits 1 s, then twice as long each time, a minute at most', () => {
    let now = 0
    const pause = createRestartPause(() => now)
    const waits: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      pause.after({ busy: 1 })
      const since = now
      while (!pause.isOver()) now += 500
      waits.push((now - since) / 1_000)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  })

  test('is made at once when the log has begun anew since', () => {
    const pause = createRestartPause(() => 0)
    expect(pause.isOver()).toBe(true)
    pause.after({ busy: 1 })
    expect(pause.isOver()).toBe(false)
    pause.after({ busy: 0 })
    expect(pause.isOver()).toBe(true)
  })
})
