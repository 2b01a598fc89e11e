import { join } from 'node:path'
import Database from 'better-sqlite3'
import { encodeTime } from 'ulid'
import { expect, test } from 'vitest'
import { HOUR } from '../../src/core/duration.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openFolder } from '../support/service.ts'
import { openBench } from '../support/store.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const MANY = 100_000

test('a partner with quotas and many registrations held up everybody else’s while they were counted', async () => {
  await using folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  await using bench = await openBench(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), now: () => NOW, defaultRate: rate }),
    advance: () => {},
  }))
  await bench.store.changePartner(bench.partnerId, { quotas: { pending: MANY + 1, daily: MANY + 1 } })
  const file = new Database(path)
  file
    .prepare(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
    INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at, expires_at)
    SELECT 10000 + i, 0, ? || i, ?, 'https://a.example/', 1, '{}', 'pending', 1, 1 FROM n`)
    .run(`reg_${encodeTime(NOW - HOUR, 10)}`, bench.partnerId)
  file.close()

  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await bench.register()
  isDone = true
  // Whoever asks meanwhile has a turn after each 20,000, once for all that wait and once for those of the day.
  expect(turns).toBeGreaterThanOrEqual(10)
  expect(await bench.store.usageOf(bench.partnerId)).toEqual({ pending: MANY + 1, daily: MANY + 1, hosts: 1 })
  const [over] = await bench.store.register([bench.newRegistration()])
  expect(over).toMatchObject({ outcome: 'over_quota' })
})
