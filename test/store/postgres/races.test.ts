import { expect, onTestFinished, test, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ALL_SERIES, noCounts } from '../../../src/core/history.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { NewRegistration, Registered } from '../../../src/store/registrations/registering.ts'
import { openPostgres, openPostgresBench, pause, useServer } from '../../support/postgres-server.ts'
import { LONG_LIMITS } from '../../support/short-limits.ts'
import { first, SUCCESS } from '../../support/store.ts'

const { server, newDatabase } = useServer({ template: true })

/** Two nodes on one database. */
const openNodes = async () => {
  const database = await newDatabase()
  const bench = await openPostgresBench(database.url, { limits: LONG_LIMITS })
  const other = await openPostgres(database.url, { limits: LONG_LIMITS })
  const nodes = [bench.store, other] as const
  onTestFinished(async () => {
    for (const node of nodes) await node.close()
    // A backend tells what it counted when it ends.
    const backends = 'SELECT pid FROM pg_stat_activity WHERE datname = $1'
    await vi.waitUntil(async () => (await server.query(backends, [database.name])).length === 0, 20_000)
    const deadlocks = 'SELECT deadlocks::int FROM pg_stat_database WHERE datname = $1'
    expect(await server.query(deadlocks, [database.name])).toEqual([{ deadlocks: 0 }])
  })
  return {
    ...database,
    bench,
    nodes,
    /** All at once, one node after the other. */
    registerAll: async (batches: readonly NewRegistration[][]): Promise<Registered[][]> =>
      Promise.all(batches.map((batch, i) => (nodes[i % 2] ?? other).register(batch))),
  }
}

test('a serial that two partners register at once belongs to one of them, with all its spellings', async () => {
  const { bench, registerAll, query } = await openNodes()
  const partners = [bench.partnerId, await bench.addPartner()]
  const numbers = Array.from({ length: 40 }, (_, i) => `${7_000 + i}`)
  await registerAll(
    numbers.flatMap(number =>
      [number, `00${number}`, `${number}-x`].map((idcardid, i) => [
        bench.newRegistration({ idcardid, partnerId: partners[i % 2] as string }),
      ]),
    ),
  )
  const owners = await query<{ owners: number }>(`
    SELECT count(DISTINCT partner_id)::int AS owners FROM verifications GROUP BY coalesce(serial_key, idcardid)`)
  expect(owners).toEqual(numbers.map(() => ({ owners: 1 })))
})

test('a cancelled serial that waits again, and another spelling of it, never wait for two partners', async () => {
  const { bench, registerAll } = await openNodes()
  const other = await bench.addPartner()
  const numbers = Array.from({ length: 40 }, (_, i) => `${9_000 + i}`)
  const again = (idcardid: string) => [bench.newRegistration({ idcardid })]
  for (const [created] of await registerAll(numbers.map(again)))
    if (created?.outcome === 'created') await bench.store.cancel(bench.partnerId, created.registration.id)
  const theirs = (number: string) => [bench.newRegistration({ idcardid: `${number}-x`, partnerId: other })]
  const registered = await registerAll(numbers.flatMap(number => [again(number), theirs(number)]))
  const outcomes = registered.map(([one]) => one?.outcome)
  for (const [i] of numbers.entries()) expect(outcomes.slice(2 * i, 2 * i + 2).toSorted()).toEqual(['created', 'taken'])
})

test('a quota holds exactly, however many register at once', async () => {
  const { bench, registerAll } = await openNodes()
  await bench.store.changePartner(bench.partnerId, { quotas: { pending: 25, hosts: 3, daily: null } })
  const registered = await registerAll(
    Array.from({ length: 40 }, (_, i) => [
      bench.newRegistration({ callbackUrl: `https://host-${i % 5}.example/` }),
      bench.newRegistration({ callbackUrl: 'https://host-0.example/' }),
    ]),
  )
  const created = registered.flat().flatMap(one => (one.outcome === 'created' ? [one.registration] : []))
  expect(created).toHaveLength(25)
  expect(new Set(created.map(({ callbackUrl }) => callbackUrl)).size).toBeLessThanOrEqual(3)
})

test('a pair cancelled and registered at once is live once or not at all, and is polled if live', async () => {
  const { bench, nodes, query } = await openNodes()
  const [one, two] = nodes
  for (let round = 0; round < 20; round++) {
    const idcardid = `${90_000 + round}`
    const registration = await bench.register({ idcardid })
    const [cancelled, again, third] = await Promise.all([
      one.cancel(bench.partnerId, registration.id),
      two.register([bench.newRegistration({ idcardid })]),
      one.register([bench.newRegistration({ idcardid })]),
    ])
    expect(cancelled?.isNew).toBe(true)
    const live = new Set(
      [first(again), first(third)].flatMap(made => (made.outcome === 'created' ? [made.registration.id] : [])),
    )
    expect(live.size).toBeLessThanOrEqual(1)
    const [verification] = await query<{ waits: boolean; pending: number }>(`
      SELECT due_at IS NOT NULL AS waits,
        (SELECT count(*)::int FROM registrations r WHERE r.verification_id = v.id AND status = 'pending') AS pending
      FROM verifications v WHERE idcardid = '${idcardid}'`)
    expect(verification).toEqual({ waits: live.size === 1, pending: live.size })
  }
})

test('pairs settled, cancelled, registered and resent at once are notified once if still waiting', async () => {
  const { bench, nodes, query } = await openNodes()
  const [one, two] = nodes
  const pair = (serial: number, url: string) =>
    bench.newRegistration({ idcardid: `${serial}`, callbackUrl: `https://${url}.example/hook` })
  const serials = Array.from({ length: 12 }, (_, i) => 3_000 + i)
  const registered = await bench.store.register(
    serials.flatMap(serial => ['a', 'b', 'c'].map(url => pair(serial, url))),
  )
  const ids = registered.flatMap(made => ('registration' in made ? [made.registration.id] : []))
  const claimed = await bench.claim()
  await Promise.all([
    ...claimed.map((claim, i) => (nodes[i % 2] ?? one).settleVerifications([bench.answered(claim, SUCCESS)])),
    ...ids.filter((_, i) => i % 3 === 0).map(id => two.cancel(bench.partnerId, id, 'erase')),
    ...ids.filter((_, i) => i % 3 === 1).map(id => one.resend(bench.partnerId, id)),
    ...serials.flatMap(serial => [
      one.register([pair(serial, 'd')]),
      two.register([pair(serial, 'a'), pair(serial, 'e')]),
    ]),
  ])

  const twice = `SELECT verification_id, callback_url FROM registrations WHERE status <> 'cancelled' GROUP BY 1, 2 HAVING count(*) > 1`
  expect(await query(twice)).toEqual([])
  const pending =
    "SELECT r.id FROM registrations r JOIN verifications v ON v.id = r.verification_id WHERE r.status = 'pending'"
  expect(await query(`${pending} AND (v.verdict IS NOT NULL OR v.due_at IS NULL)`)).toEqual([])
  const untold = "SELECT id FROM registrations WHERE status = 'succeeded' AND message_seq IS NULL"
  expect(await query(untold)).toEqual([])
  const talkative = `SELECT r.id FROM registrations r JOIN messages m ON m.registration_id = r.id
    WHERE r.message_seq IS DISTINCT FROM m.seq OR (r.status = 'cancelled' AND (length(m.body) > 0 OR m.due_at IS NOT NULL))`
  expect(await query(talkative)).toEqual([])
  const [events] = await query(`SELECT count(*)::int AS n, max(event)::int AS last, max(p.events)::int AS counted
    FROM messages m JOIN partners p ON p.id = m.partner_id`)
  expect(events).toEqual({ n: events?.n, last: events?.n, counted: events?.n })
  const late = `SELECT l.id FROM lanes l JOIN messages m ON m.lane_id = l.id WHERE m.due_at < l.due_at OR (m.due_at IS NOT NULL AND l.due_at IS NULL)`
  expect(await query(late)).toEqual([])
})

test('a reader who begins at a time gets an event of then that another node has numbered before an older one', async () => {
  const { bench, nodes, connect, untilWaiting } = await openNodes()
  const [one, other] = nodes
  const claimOne = async () => {
    await bench.register()
    return first(await bench.claim())
  }
  const settle = (store: typeof one, claimed: Awaited<ReturnType<typeof claimOne>>) =>
    store.settleVerifications([bench.answered(claimed, SUCCESS)])
  await settle(one, await claimOne())
  const [slow, quick, last] = [await claimOne(), await claimOne(), await claimOne()]
  await using lock = await connect()
  await lock.query('BEGIN')
  await lock.query('SELECT FROM verifications WHERE id = $1 FOR UPDATE', [slow.verification.id])
  const settled = settle(one, slow)
  await untilWaiting(1)
  await pause(5)
  await settle(other, quick)
  await lock.query('COMMIT')
  await settled
  await settle(other, last)
  const read = async (since?: number) => {
    const page = await one.listEvents(bench.partnerId, { after: null, limit: 10, since })
    if (page.outcome !== 'page') throw new Error(page.outcome)
    return page.events
  }
  const [, newer, older] = (await read()).map(({ createdAt }) => createdAt)
  expect(newer).toBeGreaterThan(older ?? Number.NaN)
  expect((await read(newer)).map(({ position }) => position.n)).toEqual([2, 4])
})

test('the end of a signing secret waits for claims only where it ends one', async () => {
  const { bench, connect, untilWaiting } = await openNodes()
  const { partnerId, store } = bench
  const [old] = await store.listSigningSecrets(partnerId)
  const rotate = (id: string, overlapMs: number) =>
    store.rotateSigningSecret(partnerId, { id, type: 'v1', text: new Secret(id) }, overlapMs)
  const end = (id = '') => store.endSigningSecret(partnerId, id)
  await rotate('secret_2', 0)
  await rotate('secret_3', MINUTE)
  await using claim = await connect()
  await claim.query("BEGIN; SELECT pg_advisory_xact_lock_shared(hashtextextended('claims', 0))")
  expect([await end('secret_nobody'), await end('secret_3'), await end(old?.id)]).toEqual([null, 'newest', 'ended'])
  const ended = end('secret_2')
  await untilWaiting(1)
  await claim.query('COMMIT')
  expect(await ended).toBe('ended')
})

test('of two partners that get one name at once, the second is refused', async () => {
  const { bench, nodes, connect, untilWaiting } = await openNodes()
  const partners = [bench.partnerId, await bench.addPartner()]
  // No UPDATE of `partners` begins: without a lock of the name, both would find it free, and then take it.
  await using other = await connect()
  await other.query('BEGIN; LOCK TABLE partners IN SHARE MODE')
  const named = nodes.map((node, i) => node.changePartner(partners[i] ?? '', { name: 'same' }))
  const settled = Promise.allSettled(named)
  await untilWaiting(2)
  await other.query('COMMIT')
  expect((await settled).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a webhook that becomes due while its lane is claimed is due after the claim', async () => {
  const { bench, connect, untilWaiting } = await openNodes()
  await bench.resolve()
  await bench.register()
  const asked = first(await bench.claim())
  // As a claim that has taken the only message of the lane, and has not committed yet.
  await using claim = await connect()
  await claim.query('BEGIN; UPDATE lanes SET due_at = NULL')
  const settled = bench.store.settleVerifications([bench.answered(asked, SUCCESS)])
  await untilWaiting(1)
  await claim.query('COMMIT')
  await settled
  expect(await bench.claimMessages()).toHaveLength(2)
})

test('a pause or disabling by an operator while answers are recorded stays so', async () => {
  const { bench, query, connect, untilWaiting } = await openNodes()
  await bench.resolve()
  await bench.deliver(503)
  await bench.resolve()
  await bench.register()
  const [asked, sent] = [first(await bench.claim()), first(await bench.claimMessages())]
  const throttle = { kind: 'throttle' as const, rampRate: 1, rampAt: 0, allowedAt: 0 }
  await using other = await connect()
  await other.query(`BEGIN; UPDATE accounts SET paused_at = 0, pause_reason = 'operator';
    UPDATE callbacks SET state = 'disabled', last_error = 'operator', held_since = 0`)
  const settled = bench.store.settleVerifications([bench.answered(asked, SUCCESS, throttle)])
  const recorded = bench.store.settleMessages([bench.received(sent, 503)])
  await untilWaiting(2)
  await other.query('COMMIT')
  await Promise.all([settled, recorded])
  expect(await query('SELECT pause_reason FROM accounts')).toEqual([{ pause_reason: 'operator' }])
  expect(await query('SELECT state FROM callbacks')).toEqual([{ state: 'disabled' }])
})

test('nodes that count the same minutes and hours at once, and erase old ones, lose no count', async () => {
  const { nodes, bench } = await openNodes()
  const hour = (Math.floor(bench.store.now() / HOUR) - 1) * HOUR
  const mine = { ...ALL_SERIES, partnerId: 'partner_a' }
  const add = (at: number) =>
    nodes.map((node, i) => {
      const counts = { ...noCounts(), delivered: 1 + i, arrived50: 1, duePolls: 5 - i }
      return node.addHistory(`node_${i}`, { at, entries: [ALL_SERIES, mine].map(series => ({ ...series, ...counts })) })
    })
  // Each minute is written twice by each node, as after a failure, among old ones that the next write erases.
  const minutes = Array.from({ length: 20 }, (_, n) => hour + (n % 10) * MINUTE)
  await Promise.all(minutes.flatMap(at => [...add(at), ...add(at - 9 * DAY)]))
  const read = (step: '5m' | '1h', since = hour) =>
    bench.store.historyOf('caller', mine, { since, until: since + HOUR, step })
  const all = { ...noCounts(), delivered: 6, arrived50: 4, duePolls: 5 }
  const five = { ...all, delivered: 30, arrived50: 20 }
  expect(await read('5m')).toEqual([hour, hour + 5 * MINUTE].map(at => ({ at, ...five })))
  expect(await read('1h')).toEqual([{ at: hour, ...all, delivered: 60, arrived50: 40 }])
  await Promise.all(add(hour))
  expect(await read('1h', hour - 9 * DAY)).toEqual([])
})
