import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { openFolder } from '../../support/service.ts'
import { openStoreFixture, SUCCESS } from '../../support/store.ts'

test('what is erased is overwritten in the file, not only forgotten', async () => {
  await using folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  const clock = { now: 1_000 }
  const bench = await openStoreFixture(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), now: () => clock.now, defaultRate: rate }),
    advance: () => {},
  }))
  await bench.register({ idcardid: 'kept' })
  await bench.register({ idcardid: 'marker-erased', callbackUrl: 'https://partner.example/marker-path' })
  await bench.poll(SUCCESS)
  await bench.deliver(200)
  clock.now = 2_000
  await bench.register({ idcardid: 'kept-too' })
  await bench.store.prune(2_000, 10, null)
  await bench.store.close()
  const file = new Database(path)
  file.pragma('wal_checkpoint(TRUNCATE)')
  file.close()
  const bytes = readFileSync(path, 'latin1')
  expect(bytes).toContain('kept-too')
  for (const marker of ['marker-erased', 'marker-path']) expect(bytes).not.toContain(marker)
})
