import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError } from '../../../src/core/error.ts'
import { openConnection } from '../../../src/store/sqlite/connection.ts'
import { openRemoteStore } from '../../../src/store/sqlite/thread/remote-store.ts'
import { newFolder, newPath, openBeside, openFileBench } from '../support/files.ts'
import { CHILD, runAtOnce } from '../support/processes.ts'
import { failureOf } from '../support/remote.ts'

const KEY = randomBytes(32)

const fixtureAt = (path: string) => openFileBench(path, { open: openRemoteStore })

/** Opens it in several processes at the same moment. */
const openInProcesses = (count: number, path: string, afterGo?: () => void) =>
  runAtOnce(count, CHILD, { args: [path, KEY.toString('hex'), 'open'], afterGo })

describe('the file', () => {
  test('has its log beside it, in a folder that is made', async () => {
    const folder = newFolder()
    await using fixture = await fixtureAt(join(folder, 'data', 'notifier.db'))
    await fixture.register()
    const files = readdirSync(join(folder, 'data'))
    expect(files.sort()).toEqual(['notifier.db', 'notifier.db-shm', 'notifier.db-wal'])
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  })

  test('is synced by SQLite with each commit, of few bytes', async () => {
    const path = newPath()
    const connection = openConnection(path, { now: Date.now, onBroken: () => {} })
    onTestFinished(() => connection.close())
    await connection.write(tx => tx.all('CREATE TABLE t (a)'))
    connection.beginUpkeep()
    await connection.write(tx => tx.all('INSERT INTO t VALUES (1)'))
    const pragma = (name: string) => connection.client.pragma(name, { simple: true })
    expect([pragma('synchronous'), pragma('journal_mode'), pragma('page_size')]).toEqual([2, 'wal', 2048])
  })
})

describe('several processes on one file', () => {
  test('that start at once all come up', async () => {
    const path = join(newFolder(), 'data', 'notifier.db')
    const answers = await openInProcesses(3, path)
    expect(answers).toEqual(answers.map(() => ({ ok: true, result: null })))
  })

  test('of which one migrates already, come up when it is done', async () => {
    const folder = newFolder()
    const path = join(folder, 'notifier.db')
    const migrated = join(folder, 'migrated.db')
    await (await fixtureAt(migrated)).store.close()
    const faster = openBeside(path)
    faster.pragma('application_id = 1768187502')
    faster.pragma('journal_mode = WAL')
    faster.prepare('ATTACH ? AS migrated').run(migrated)
    const schemaOf = (where: string) =>
      faster.prepare<[], string>(`SELECT sql FROM migrated.sqlite_schema WHERE sql <> '' AND ${where}`).pluck().all()
    for (const sql of schemaOf("name = '__drizzle_migrations'")) faster.exec(sql)
    faster.exec('BEGIN IMMEDIATE')
    for (const sql of schemaOf("name NOT LIKE 'sqlite_%' AND name <> '__drizzle_migrations'")) faster.exec(sql)
    faster.exec('INSERT INTO main.__drizzle_migrations SELECT * FROM migrated.__drizzle_migrations')
    // Time enough for the other one to have seen that the schema is missing, and to wait for the lock.
    const commitLater = () => void setTimeout(() => faster.exec('COMMIT'), 250)
    expect(await openInProcesses(1, path, commitLater)).toEqual([{ ok: true, result: null }])
  })
})

describe('S12 a write lock held by somebody else', () => {
  test('makes writes unavailable, and the event loop turns between tries', async () => {
    const path = newPath()
    await using fixture = await fixtureAt(path)
    const { id } = await fixture.register()
    const other = openBeside(path)
    other.exec('BEGIN IMMEDIATE')
    // Each pause between two tries is longer than this timer, so it comes first, however busy the machine.
    let turns = 0
    const turning = setInterval(() => turns++, 1)
    const error = await failureOf(fixture.register())
    clearInterval(turning)
    expect([error instanceof AppError, error]).toMatchObject([true, { code: 'unavailable' }])
    expect(turns).toBeGreaterThanOrEqual(2)
    expect(await fixture.find(id)).toMatchObject({ status: 'pending' })
    other.exec('ROLLBACK')
    await fixture.register()
  })
})
