import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { resealAll } from '../../../src/store/resealing.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { first, openStoreFixture, SUCCESS } from '../../support/store.ts'

const OLD_KEY = randomBytes(32)
const NEW_KEY = randomBytes(32)
const BATCH = { size: 2, pause: async () => {} }

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose](), 60_000)

const openWith = (database: string, masterKey: Buffer, previousKey?: Buffer) =>
  openPostgresStore({
    ...{ url: server.urlOf(database), masterKey, previousKey, random: randomBytes },
    ...{ now: Date.now, sleep, defaultRate: 1_000 },
  })

test('all that is sealed moves to the new key', async () => {
  await server.createDatabase('moved')
  await using bench = await openStoreFixture(async () => ({
    store: await openWith('moved', OLD_KEY),
    advance: () => {},
  }))
  const metadata = { order: '42' }
  const before = await bench.resolve({ metadata })
  await bench.resolve()
  const contact = { url: 'https://partner.example/contact', secret: 'x', language: 'en' } as const
  await bench.store.putContact(bench.partnerId, contact)
  const rekeying = await openWith('moved', NEW_KEY, OLD_KEY)
  // The account, the secret, two verdicts, one metadata, two messages, the contact, the canary.
  const first = await resealAll(rekeying.reseal, BATCH)
  expect(first).toEqual({ moved: 9, unreadable: [] })
  expect(await resealAll(rekeying.reseal, BATCH)).toEqual({ moved: 0, unreadable: [] })
  await rekeying.close()

  const moved = await openWith('moved', NEW_KEY)
  const { partnerId } = bench
  expect(await moved.findRegistration(partnerId, before.id)).toMatchObject({ metadata, verdict: { status: 'SUCCESS' } })
  expect(await moved.liveSecrets(partnerId)).toHaveLength(1)
  expect(await moved.findContact(partnerId)).toMatchObject(contact)
  const page = await moved.listEvents(partnerId, { after: null, limit: 10 })
  expect(page).toMatchObject({ outcome: 'page', events: [{ registrationId: before.id }, {}] })
  await moved.close()
})

test('what is changed while it is resealed keeps the change', async () => {
  await server.createDatabase('changed')
  await using bench = await openStoreFixture(async () => ({
    store: await openWith('changed', OLD_KEY),
    advance: () => {},
  }))
  const { id } = await bench.register({ metadata: { order: '42' } })
  const rekeying = await openWith('changed', NEW_KEY, OLD_KEY)
  const other = new pg.Client(server.urlOf('changed'))
  await other.connect()
  await other.query("BEGIN; UPDATE registrations SET metadata = convert_to('{}', 'UTF8')")
  const resealed = resealAll(rekeying.reseal, BATCH)
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  await vi.waitUntil(async () => (await server.query(waiting, [], 'changed')).length > 0, 10_000)
  await Promise.all([other.query('COMMIT'), resealed])
  await other.end()
  expect((await rekeying.findRegistration(bench.partnerId, id))?.metadata).toEqual({})
  await rekeying.close()
})

/** What a node tells of a registration that another one has made. */
const toldOf = async (database: string, making: readonly [Buffer, Buffer?], telling: readonly [Buffer, Buffer?]) => {
  await server.createDatabase(database)
  const other = await openWith(database, ...telling)
  await using bench = await openStoreFixture(async () => ({
    store: await openWith(database, ...making),
    advance: () => {},
  }))
  await bench.register({ metadata: { order: '42' } })
  await other.settleVerifications([bench.answered(first(await bench.claim()), SUCCESS)])
  const page = await other.listEvents(bench.partnerId, { after: null, limit: 1 })
  await other.close()
  return page.outcome === 'page' ? JSON.parse(first(page.events).body).data.metadata : null
}

test('nodes that change their key one after the other read each other, where all have the new one as well before', async () => {
  expect(await toldOf('half_changed', [NEW_KEY, OLD_KEY], [OLD_KEY])).toEqual({})
  expect(await toldOf('changing', [NEW_KEY, OLD_KEY], [OLD_KEY, NEW_KEY])).toEqual({ order: '42' })
  expect(await toldOf('changed_back', [OLD_KEY, NEW_KEY], [NEW_KEY, OLD_KEY])).toEqual({ order: '42' })
})
