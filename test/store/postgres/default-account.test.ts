import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { eventually } from '../../support/api-client.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

test('a node that started with another account could deadlock with what settles both', async () => {
  const url = await server.createDatabase('accounts')
  const now = Date.now
  const store = await openPostgresStore({
    url,
    masterKey: randomBytes(32),
    random: randomBytes,
    now,
    sleep,
    defaultRate: 5,
  })
  const settler = new pg.Client({ connectionString: url })
  await settler.connect()
  const put = (id: string, apiId: string) =>
    store.putDefaultAccount({ id, apiId, apiKey: new Secret('key'), passwordMode: 'dynamic' })
  const lock = (id: string) => settler.query('SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE', [id])
  try {
    await put('acc_1', 'C1')
    await put('acc_2', 'C2')
    await settler.query('BEGIN')
    await lock('acc_1')
    const putting = put('acc_1', 'C1')
    const blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    const waiting = () => server.query(blocked, [], 'accounts')
    await eventually(waiting, rows => rows.length > 0)
    // It must not have what comes after what it waits for.
    await settler.query("SET LOCAL lock_timeout = '200ms'")
    await lock('acc_2')
    await settler.query('COMMIT')
    expect(await putting).toMatchObject({ id: 'acc_1' })
    const { rows } = await settler.query('SELECT id FROM accounts WHERE is_default')
    expect(rows).toEqual([{ id: 'acc_1' }])
  } finally {
    await settler.end()
    await store.close()
  }
})
