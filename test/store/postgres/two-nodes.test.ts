import { expect, onTestFinished, test } from 'vitest'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { openPostgres, openPostgresBench, useServer } from '../../support/postgres-server.ts'

const ROUNDS = 12
const SERIALS = 20

const { newDatabase } = useServer({ template: true })

/** Two nodes on one database. */
const openNodes = async () => {
  const database = await newDatabase()
  const bench = await openPostgresBench(database.url)
  const other = await openPostgres(database.url)
  onTestFinished(async () => {
    await other.close()
    await bench.store.close()
  })
  return { ...database, bench, other }
}

/** With registrations that may be erased, each the last of its serial and of its host. */
const openRetention = async () => {
  const nodes = await openNodes()
  const { bench, other, query } = nodes
  const itemsOf = (path: string) =>
    Array.from({ length: SERIALS }, (_, n) =>
      bench.newRegistration({ idcardid: `${n}`, callbackUrl: `https://host-${n}.example/${path}` }),
    )
  return {
    ...nodes,
    /** How many registrations have lost their serial or their host. */
    homeless: () =>
      query(`
        SELECT count(*)::int AS n FROM registrations r LEFT JOIN verifications v ON v.id = r.verification_id
          LEFT JOIN lanes l ON l.id = r.lane_id WHERE v.id IS NULL OR l.id IS NULL`),
    /** Registers and cancels them, so that nothing of them waits. */
    endAll: async (path: string) => {
      for (const one of await bench.store.register(itemsOf(path)))
        if ('registration' in one) await bench.store.cancel(bench.partnerId, one.registration.id)
    },
    registerAll: (path: string) => other.register(itemsOf(path)),
    /** Later than anything has ended. */
    prune: () => bench.store.prune(Date.now() + 60_000, SERIALS, null),
  }
}

test('a pair registered while retention erases the last of its serial and host keeps both', async () => {
  const { homeless, endAll, registerAll, prune } = await openRetention()
  for (let round = 0; round < ROUNDS; round++) {
    await endAll(`ended-${round}`)
    const [registered] = await Promise.all([registerAll(`new-${round}`), prune()])
    expect(registered.map(({ outcome }) => outcome)).toEqual(Array(SERIALS).fill('created'))
    expect(await homeless()).toEqual([{ n: 0 }])
  }
})

test('a host is not erased with its last while a registration of another serial that names it is under way', async () => {
  const { bench, other, query, connect, untilWaiting, homeless, endAll, prune } = await openRetention()
  await endAll('ended')
  await query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';
    CREATE TRIGGER hold BEFORE INSERT ON registrations EXECUTE FUNCTION hold()`)
  await using gate = await connect()
  await gate.query('SELECT pg_advisory_lock(7)')
  const registered = other.register([bench.newRegistration({ callbackUrl: 'https://host-0.example/new' })])
  await untilWaiting(1)
  const pruned = prune()
  await untilWaiting(2)
  await gate.end()
  expect(await Promise.all([registered, pruned])).toMatchObject([[{ outcome: 'created' }], { erased: SERIALS }])
  expect(await homeless()).toEqual([{ n: 0 }])
})

test('a message that is resent while retention erases it is sent, or there is none to resend', async () => {
  const { bench, other, query, prune } = await openRetention()
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

test('a bulk act that two nodes go on with at once is done to each registration once', async () => {
  const { bench, other } = await openNodes()
  const { store } = bench
  await store.register(Array.from({ length: 60 }, () => bench.newRegistration()))
  const wanted = { filter: ALL_REGISTRATIONS, act: 'cancel' } as const
  const counted = await store.countRegistrations(wanted)
  const by = { reason: 'why', who: 'token_1', name: 'Zoë', createdAt: store.now() + 1_000 }
  await store.createBulkAct({ id: 'bulk_1', partnerId: null, ...wanted, ...by, probe: false, counted })
  await store.startBulkAct('bulk_1')
  const cancelled: string[] = []
  let counts = 0
  let isOver = false
  while (!isOver) {
    const steps = await Promise.all([store.continueBulkActs(7), other.continueBulkActs(7)])
    cancelled.push(...steps.flatMap(step => step.cancelled.flatMap(one => (one.isNew ? [one.registration.id] : []))))
    counts += steps.reduce((sum, { count }) => sum + count, 0)
    isOver = steps.every(({ isIdle }) => isIdle)
  }
  expect(new Set(cancelled).size).toBe(60)
  expect([cancelled.length, counts]).toEqual([60, 60])
  expect(await store.findBulkAct('bulk_1')).toMatchObject({ state: 'done', done: 60 })
})

test('stats that are read while another node writes are of one moment', async () => {
  const { bench, other } = await openNodes()
  let isOver = false
  const write = async () => {
    while (!isOver) {
      const registered = await other.register(Array.from({ length: 20 }, () => bench.newRegistration()))
      for (const one of registered.slice(0, 5))
        if ('registration' in one) await other.cancel(bench.partnerId, one.registration.id)
    }
  }
  const writing = write()
  for (let look = 0; look < 40; look++) {
    const { accounts, polls } = await bench.store.stats()
    expect(polls).toMatchObject({ due: accounts[0]?.waiting, scheduled: 0 })
  }
  isOver = true
  await writing
})
