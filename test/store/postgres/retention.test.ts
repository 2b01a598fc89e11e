import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openStoreFixture } from '../../support/store.ts'

const MASTER_KEY = randomBytes(32)
const ROUNDS = 12
const SERIALS = 20

let server: TestServer
let databases = 0
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose](), 60_000)

/** Two nodes on one database, and registrations that may be erased, each the last of its serial and of its host. */
const openNodes = async () => {
  const database = `retention_${++databases}`
  await server.createDatabase(database)
  const openAt = () =>
    openPostgresStore({
      ...{ url: server.urlOf(database), masterKey: MASTER_KEY, random: randomBytes },
      ...{ now: Date.now, sleep, defaultRate: 1_000 },
    })
  const bench = await openStoreFixture(async () => ({ store: await openAt(), advance: () => {} }))
  const other = await openAt()
  const itemOf = (n: number, path: string) => ({ idcardid: `${n}`, callbackUrl: `https://host-${n}.example/${path}` })
  const query = (text: string) => server.query<Record<string, unknown>>(text, [], database)
  const all = Array.from({ length: SERIALS }, (_, n) => n)
  return {
    bench,
    other,
    url: server.urlOf(database),
    query,
    /** How many registrations have lost their serial or their host. */
    homeless: () =>
      query(`
        SELECT count(*)::int AS n FROM registrations r LEFT JOIN verifications v ON v.id = r.verification_id
          LEFT JOIN lanes l ON l.id = r.lane_id WHERE v.id IS NULL OR l.id IS NULL`),
    /** Registers and cancels them, so that nothing of them waits. */
    endAll: async (path: string) => {
      const registered = await bench.store.register(all.map(n => bench.newRegistration(itemOf(n, path))))
      for (const one of registered)
        if ('registration' in one) await bench.store.cancel(bench.partnerId, one.registration.id)
    },
    registerAll: (path: string) => other.register(all.map(n => bench.newRegistration(itemOf(n, path)))),
    /** Later than anything has ended. */
    prune: () => bench.store.prune(Date.now() + 60_000, SERIALS, null),
    [Symbol.asyncDispose]: async () => {
      await other.close()
      await bench.store.close()
    },
  }
}

test('what is registered while retention erases the last of its serial and host keeps both', async () => {
  await using opened = await openNodes()
  const { homeless, endAll, registerAll, prune } = opened
  for (let round = 0; round < ROUNDS; round++) {
    await endAll(`ended-${round}`)
    const [registered] = await Promise.all([registerAll(`new-${round}`), prune()])
    expect(registered.map(({ outcome }) => outcome)).toEqual(Array(SERIALS).fill('created'))
    expect(await homeless()).toEqual([{ n: 0 }])
  }
})

test('a host is not erased with its last while a registration of another serial that names it is under way', async () => {
  await using opened = await openNodes()
  const { bench, other, url, query, homeless, endAll, prune } = opened
  await endAll('ended')
  await query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';
    CREATE TRIGGER hold BEFORE INSERT ON registrations EXECUTE FUNCTION hold()`)
  const gate = new pg.Client({ connectionString: url })
  await gate.connect()
  await gate.query('SELECT pg_advisory_lock(7)')
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  const whenWaiting = (count: number) => expect.poll(() => query(waiting), { timeout: 10_000 }).toHaveLength(count)
  const registered = other.register([bench.newRegistration({ callbackUrl: 'https://host-0.example/new' })])
  await whenWaiting(1)
  const pruned = prune()
  await whenWaiting(2)
  await gate.end()
  expect(await Promise.all([registered, pruned])).toMatchObject([[{ outcome: 'created' }], { erased: SERIALS }])
  expect(await homeless()).toEqual([{ n: 0 }])
})

test('a message that is resent while retention erases it is sent, or there is none to resend', async () => {
  await using opened = await openNodes()
  const { bench, other, query, prune } = opened
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await bench.resolve()
    while ((await bench.deliver(200)) > 0);
    const [outcome] = await Promise.all([other.resend(bench.partnerId, id), prune()])
    const registration = await bench.store.findRegistration(bench.partnerId, id)
    expect(registration?.delivery.state ?? null).toBe(outcome === 'resent' ? 'pending' : null)
    const [left] = await query(`
      SELECT (SELECT count(*) FROM messages m LEFT JOIN registrations r ON r.id = m.registration_id WHERE r.id IS NULL)::int AS messages,
        (SELECT count(*) FROM attempts a LEFT JOIN messages m ON m.seq = a.message_seq WHERE m.seq IS NULL)::int AS attempts`)
    expect(left).toEqual({ messages: 0, attempts: 0 })
  }
})
