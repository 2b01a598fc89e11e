import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import { findInTables } from '../privacy/support/tables.ts'
import { openFolder } from '../support/service.ts'
import { openBench, SUCCESS } from '../support/store.ts'

const MANY = 2_500

/** A file whose registrations have their metadata as text, as earlier versions kept it. */
const openPlain = async () => {
  const folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  const steps: string[] = []
  const openWith = (masterKey: Buffer, previousKey?: Buffer) =>
    openSqliteStore({
      ...{ path, masterKey, previousKey, now: () => 1_000, defaultRate: 1_000 },
      onStep: step => steps.push(step),
    })
  const bench = await openBench(async () => ({ store: await openWith(Buffer.alloc(32, 7)), advance: () => {} }))
  const items = Array.from({ length: MANY }, () => bench.newRegistration())
  await bench.store.register(items)
  await bench.store.close()
  const file = new Database(path)
  file.exec(`UPDATE registrations SET metadata = '{"order":"plain-marker"}' WHERE id <> '${items[0]?.id}'`)
  file.exec("DELETE FROM meta WHERE key = 'metadata_sealed'")
  return {
    ...{ path, file, steps, openWith, items, partnerId: bench.partnerId },
    plain: () => file.prepare("SELECT count(*) FROM registrations WHERE typeof(metadata) = 'text'").pluck().get(),
    [Symbol.asyncDispose]: async () => {
      file.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('metadata that an earlier version kept as text is all sealed before the service starts', async () => {
  await using old = await openPlain()
  const store = await old.openWith(Buffer.alloc(32, 7))
  // One has none, which is kept as it is.
  expect(old.plain()).toBe(1)
  expect(findInTables(old.path, ['plain-marker'])).toEqual([])
  const find = async (item: { id: string } | undefined) => await store.findRegistration(old.partnerId, item?.id ?? '')
  expect((await find(old.items[0]))?.metadata).toEqual({})
  expect((await find(old.items.at(-1)))?.metadata).toEqual({ order: 'plain-marker' })
  await store.close()
  expect(old.steps).toEqual(['migrating', 'migrated'])
  await (await old.openWith(Buffer.alloc(32, 7))).close()
  expect(old.steps).toHaveLength(2)
})

test('a start goes on with sealing where one before it was killed', async () => {
  await using old = await openPlain()
  const first = await old.openWith(Buffer.alloc(32, 7))
  await first.close()
  old.file.exec("DELETE FROM meta WHERE key = 'metadata_sealed'")
  const last = old.items.at(-1)?.id
  old.file.prepare(`UPDATE registrations SET metadata = '{"order":"late"}' WHERE id = ?`).run(last)
  const store = await old.openWith(Buffer.alloc(32, 7))
  expect(old.plain()).toBe(1)
  expect((await store.findRegistration(old.partnerId, last ?? ''))?.metadata).toEqual({ order: 'late' })
  expect((await store.findRegistration(old.partnerId, old.items[1]?.id ?? ''))?.metadata).toEqual({
    order: 'plain-marker',
  })
  await store.close()
})

test('a start waits while another one seals: it found the database busy, and ended', async () => {
  await using old = await openPlain()
  old.file.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at, expires_at)
    SELECT 10000 + i, 0, 'reg_' || i, 'prt_1', 'https://a.example/', 1, '{"order":"42"}', 'pending', 1, 1 FROM n`)
  const options = { path: old.path, masterKey: Buffer.alloc(32, 7), now: () => 1_000, defaultRate: 1_000 }
  const opening = openRemoteStore(options)
  opening.catch(() => {})
  const before = old.plain()
  while (old.plain() === before) await new Promise(resolve => setImmediate(resolve))
  // Longer than a running service waits.
  old.file.exec('BEGIN IMMEDIATE')
  expect(old.plain()).toBeGreaterThan(1)
  await sleep(1_000)
  old.file.exec('COMMIT')
  const [one, other] = await Promise.all([opening, openRemoteStore(options)])
  expect(old.plain()).toBe(1)
  await Promise.all([one.close(), other.close()])
})

test('what is erased is overwritten in the file, not only forgotten', async () => {
  await using folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  const clock = { now: 1_000 }
  const bench = await openBench(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), now: () => clock.now, defaultRate: rate }),
    advance: () => {},
  }))
  await bench.register({ idcardid: 'kept' })
  await bench.register({ idcardid: 'marker-erased', callbackUrl: 'https://partner.example/marker-path' })
  await bench.poll(SUCCESS)
  await bench.deliver(200)
  clock.now = 2_000
  await bench.register({ idcardid: 'kept-too' })
  await bench.store.prune(2_000, 1)
  await bench.store.prune(2_000, 10)
  await bench.store.close()
  const file = new Database(path)
  file.pragma('wal_checkpoint(TRUNCATE)')
  file.close()
  const bytes = readFileSync(path, 'latin1')
  expect(bytes).toContain('kept-too')
  for (const marker of ['marker-erased', 'marker-path']) expect(bytes).not.toContain(marker)
})
