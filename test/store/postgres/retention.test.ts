import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { DAY } from '../../../src/core/duration.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { TIME_LIMITS } from '../../../src/store/postgres/time-limits.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openBench, SUCCESS } from '../../support/store.ts'

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
const openNodes = async (limits = TIME_LIMITS) => {
  const database = `retention_${++databases}`
  await server.createDatabase(database)
  const openAt = () =>
    openPostgresStore({
      ...{ url: server.urlOf(database), masterKey: MASTER_KEY, random: randomBytes },
      ...{ now: Date.now, sleep, defaultRate: 1_000, limits },
    })
  const bench = await openBench(async () => ({ store: await openAt(), advance: () => {} }))
  const other = await openAt()
  const itemOf = (n: number, path: string) => ({ idcardid: `${n}`, callbackUrl: `https://host-${n}.example/${path}` })
  const all = Array.from({ length: SERIALS }, (_, n) => n)
  return {
    bench,
    other,
    /** Another session locks these; what unlocks them. */
    lock: async (...statements: readonly string[]) => {
      const session = new pg.Client({ connectionString: server.urlOf(database) })
      await session.connect()
      onTestFinished(() => session.end())
      await session.query(`BEGIN; ${statements.join(';')}`)
      return () => session.query('COMMIT')
    },
    query: (text: string) => server.query<Record<string, unknown>>(text, [], database),
    /** Registers and cancels them, so that nothing of them waits. */
    endAll: async (path: string) => {
      const registered = await bench.store.register(all.map(n => bench.newRegistration(itemOf(n, path))))
      for (const one of registered)
        if ('registration' in one) await bench.store.cancel(bench.partnerId, one.registration.id)
    },
    registerAll: (path: string) => other.register(all.map(n => bench.newRegistration(itemOf(n, path)))),
    /** Later than anything has ended. */
    prune: () => bench.store.prune(Date.now() + 60_000, SERIALS),
    [Symbol.asyncDispose]: async () => {
      await other.close()
      await bench.store.close()
    },
  }
}

test('what is registered while retention erases the last of its serial and host keeps both', async () => {
  await using opened = await openNodes()
  const { query, endAll, registerAll, prune } = opened
  for (let round = 0; round < ROUNDS; round++) {
    await endAll(`ended-${round}`)
    const [registered] = await Promise.all([registerAll(`new-${round}`), prune()])
    expect(registered.map(({ outcome }) => outcome)).toEqual(Array(SERIALS).fill('created'))
    const [homeless] = await query(`
      SELECT count(*)::int AS n FROM registrations r LEFT JOIN verifications v ON v.id = r.verification_id
        LEFT JOIN lanes l ON l.id = r.lane_id WHERE v.id IS NULL OR l.id IS NULL`)
    expect(homeless).toEqual({ n: 0 })
  }
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

/** Ends as many, each with a message that is due. */
const endMany = async (
  { store, newRegistration, poll }: Awaited<ReturnType<typeof openNodes>>['bench'],
  count: number,
) => {
  await store.register(Array.from({ length: count }, () => newRegistration()))
  for (let left = count; left > 0; ) left -= await poll(SUCCESS)
}

const giveUp = (which: string) => `UPDATE deliveries SET state = 'exhausted', due_at = NULL WHERE ${which}`

test('a look for what is old ended at those that wait to be sent, and nothing behind them was erased', async () => {
  await using opened = await openNodes()
  const { bench, query } = opened
  const WAITING = 450
  await endMany(bench, WAITING + 3)
  await query(giveUp(`seq > ${WAITING}`))
  // Two at a time reads fewer messages in a transaction than wait.
  const prune = () => bench.store.prune(Date.now() + 60_000, 2)
  expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0])
  // What waited in front of where it has come to is found once it may be erased.
  await query(giveUp(`seq IN (1, ${WAITING})`))
  expect([await prune(), await prune(), await prune()]).toEqual([1, 1, 0])
  const [left] = await query('SELECT count(*)::int AS n FROM messages')
  expect(left).toEqual({ n: WAITING - 2 })
})

test('messages from while the clock was ahead kept what came after them from being erased', async () => {
  await using opened = await openNodes()
  const { bench, query } = opened
  await endMany(bench, 30)
  await query(`UPDATE message_bodies SET created_at = created_at + ${365 * DAY}`)
  await query(`UPDATE registrations SET resolved_at = resolved_at + ${365 * DAY}`)
  await endMany(bench, 3)
  await query(giveUp('true'))
  const prune = () => bench.store.prune(Date.now() + 60_000, 2)
  expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0])
})

test('a message that has lost its registration keeps none behind it from being erased', async () => {
  await using opened = await openNodes()
  const { bench, query } = opened
  await endMany(bench, 4)
  await query(giveUp('true'))
  await query('DELETE FROM registrations WHERE message_seq = (SELECT min(seq) FROM message_bodies)')
  const before = Date.now() + 60_000
  expect([await bench.store.prune(before, 1), await bench.store.prune(before, 3)]).toEqual([1, 2])
})

test('what somebody has locked is erased once it is free', async () => {
  await using opened = await openNodes({ ...TIME_LIMITS, lockMs: 300 })
  const { bench, query, lock } = opened
  await endMany(bench, 3)
  await query(giveUp('true'))
  const unlock = await lock('SELECT FROM registrations WHERE message_seq = 1 FOR UPDATE')
  const prune = () => bench.store.prune(Date.now() + 60_000, 2)
  await expect(prune()).rejects.toThrow('another session keeps it busy: 55P03')
  await unlock()
  expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0])
})
