import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openBench } from '../support/store.ts'

test('P12 a message that cannot be decrypted is set aside and told, and the others go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'poison-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'notifier.db')
  let now = Date.parse('2026-11-24T16:20:00.000Z')
  await using bench = await openBench(async () => ({
    store: await openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), now: () => now, defaultRate: 1_000 }),
    advance: async (ms: number) => {
      now += ms
    },
  }))
  const poisoned = await bench.resolve({ idcardid: '1' })
  const sound = await bench.resolve({ idcardid: '2' })
  const other = new Database(path)
  other.prepare("UPDATE messages SET body = x'00112233' WHERE registration_id = ?").run(poisoned.id)
  other.close()

  const told: string[] = []
  bench.store.hints.on('unreadable', id => told.push(id))
  expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([sound.id])
  expect(told).toEqual([poisoned.id])
  await bench.advance(3_600_000)
  expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([sound.id])
  expect(told).toHaveLength(1)
  expect((await bench.find(poisoned.id)).delivery).toMatchObject({ state: 'pending', nextAttemptAt: null })
})
