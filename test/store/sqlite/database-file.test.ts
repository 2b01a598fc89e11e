import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type OpenStoreDeps, openStore } from '../../../src/store/open.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../../src/store/sqlite/thread/remote-store.ts'
import { damageTable } from '../../support/damage.ts'
import { newPath, onFile } from '../support/files.ts'

const KEY = randomBytes(32)

const openAt = async (path: string, { open = openSqliteStore, quickCheck = false } = {}) => {
  const store = await open({ path, masterKey: KEY, now: Date.now, defaultRate: 1, quickCheck })
  onTestFinished(() => store.close())
  return store
}
/** As the service opens it, with the key beside the file. */
const openAsService = async (path: string, as: OpenStoreDeps['as'] = 'service') => {
  const told: unknown[] = []
  const storage = { database: { kind: 'sqlite', path }, masterKey: null, previousMasterKey: null }
  const config = { storage, upstream: { rate: 1, sandbox: false } } as unknown as Parameters<typeof openStore>[0]
  const emit = (...event: unknown[]) => void told.push(event)
  const store = await openStore(config, { now: Date.now, random: randomBytes, sleep, as, emit })
  return { store, told }
}
/** Ends like a killed process: the database is not closed, its log stays. */
const leaveOpen = (path: string) => {
  for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${path}.kept${suffix}`)
  return () => {
    for (const suffix of ['', '-wal']) renameSync(`${path}.kept${suffix}`, `${path}${suffix}`)
    rmSync(`${path}-shm`, { force: true })
  }
}
const failureOf = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  )

describe.each([
  { where: 'here', open: openSqliteStore },
  { where: 'on a thread', open: openRemoteStore },
])('under a store that runs $where', ({ open }) => {
  test.concurrent.each([
    { what: 'a removed file', change: (path: string) => unlinkSync(path) },
    {
      what: 'a replaced file',
      change: (path: string) => {
        copyFileSync(path, `${path}.copy`)
        renameSync(`${path}.copy`, path)
      },
    },
    { what: 'a removed log', change: (path: string) => unlinkSync(`${path}-wal`) },
  ])('$what is noticed within 10 s, signalled, and nothing later is acknowledged', async ({ change }) => {
    const folder = mkdtempSync(join(tmpdir(), 'notifier-file-'))
    const path = join(folder, 'notifier.db')
    const store = await open({ path, masterKey: KEY, now: Date.now, defaultRate: 1 })
    const broken = new Promise<Error>(resolve => store.hints.once('broken', resolve))
    const began = performance.now()
    change(path)
    expect((await broken).message).toBe('the database cannot be used now (its file or its log was removed or replaced)')
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await failureOf(store.probe())).toMatchObject({ code: 'unavailable' })
    await store.close()
    rmSync(folder, { recursive: true })
  })
})

test('a schema of a later version is refused with a remedy, and left as it is', async () => {
  const path = newPath()
  await (await openAt(path)).close()
  const insert = 'INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)'
  onFile(path, file => file.prepare(insert).run('later', Number.MAX_SAFE_INTEGER))
  const before = readFileSync(path)
  const { message } = await failureOf(openAt(path))
  expect(message).toContain('belongs to a later version')
  expect(message).toContain('restore a backup from before the upgrade')
  expect(readFileSync(path).equals(before)).toBe(true)
})

describe('after an end without closing', () => {
  test('the file is looked through before the service starts, and by no command', async () => {
    const path = newPath()
    const { store } = await openAsService(path)
    const restore = leaveOpen(path)
    await store.close()
    const clean = await openAsService(path)
    expect(clean.told).toEqual([])
    await clean.store.close()

    restore()
    const command = await openAsService(path, 'command')
    expect(command.told).toEqual([])
    const beside = leaveOpen(path)
    await command.store.close()
    beside()
    const service = await openAsService(path)
    expect(service.told).toEqual([['database.checking', { bytes: statSync(path).size }]])
    await service.store.close()
  })

  test('a damaged file is refused with how to restore it', async () => {
    const path = newPath()
    const store = await openAt(path)
    await store.close()
    const bytes = readFileSync(path)
    // All but the first page, which has the schema.
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 8_192), randomBytes(bytes.length - 8_192)]))
    const { message } = await failureOf(openAt(path, { quickCheck: true }))
    expect(message).toContain('the database is damaged')
    expect(message).toContain('run "restore" with the last backup')
  })

  test('a file that is no database is refused with how to restore it', async () => {
    const path = newPath()
    writeFileSync(path, randomBytes(8_192))
    expect((await failureOf(openAt(path))).message).toContain('the database is damaged (SQLITE_NOTADB)')
  })
})

describe('damage that shows only when a page is read', () => {
  test('is looked for by each start once it was met, until the file is whole again', async () => {
    const path = newPath()
    const { store } = await openAsService(path)
    await store.close()
    const good = readFileSync(path)
    damageTable(path, 'partners')

    const unaware = await openAsService(path)
    expect(unaware.told).toEqual([])
    const broken = new Promise<Error>(resolve => unaware.store.hints.once('broken', resolve))
    await failureOf(unaware.store.listPartners({ limit: 1, after: null }))
    expect((await broken).message).toContain('SQLITE_CORRUPT')
    await unaware.store.close()

    for (const _start of [1, 2])
      expect((await failureOf(openAsService(path))).message).toContain('run "restore" with the last backup')

    writeFileSync(path, good)
    for (const told of [[['database.checking', { bytes: good.length }]], []]) {
      const restored = await openAsService(path)
      expect(restored.told).toEqual(told)
      await restored.store.close()
    }
  })
})

describe('any other file', () => {
  test('a folder is refused', async () => {
    expect((await failureOf(openAsService(join(newPath(), '..')))).message).toContain('is a folder; name a file in it')
  })

  test.each([
    { what: 'by its application_id', statements: 'CREATE TABLE cars (n); PRAGMA application_id = 1196444487' },
    { what: 'by its tables', statements: 'CREATE TABLE cars (n)' },
  ])('a foreign SQLite database is recognized $what, and left as it is', async ({ statements }) => {
    const path = newPath()
    new Database(path).exec(statements).close()
    const before = readFileSync(path)
    const { message } = await failureOf(openAt(path))
    expect(message).toContain('is the SQLite database of something else')
    expect(readFileSync(path)).toEqual(before)
  })
})

test('a second service is refused until the first has ended', async () => {
  const path = newPath()
  const first = await openAsService(path)
  expect((await failureOf(openAsService(path))).message).toContain('another service has')
  await (await openAsService(path, 'command')).store.close()
  await first.store.close()
  await (await openAsService(path)).store.close()
})

test('a new database is logged where one was missing, or empty', async () => {
  const path = newPath()
  const advice = 'if you expected an existing one, stop: the volume or the working folder is wrong'
  const created = ['database.created', { path, advice }]
  const { store, told } = await openAsService(path)
  expect(told).toContainEqual(created)
  await store.close()
  const later = await openAsService(path)
  expect(later.told).toEqual([])
  await later.store.close()
  writeFileSync(path, '')
  const emptied = await openAsService(path, 'command')
  expect(emptied.told).toEqual([created])
  await emptied.store.close()
})
