import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { MOST_COUNTED } from '../../../src/store/stats.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openBench } from '../../support/store.ts'

const MASTER_KEY = randomBytes(32)

let server: TestServer
let databases = 0
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose](), 60_000)

/** Two nodes on one database. */
const openNodes = async () => {
  const database = `stats_${++databases}`
  await server.createDatabase(database)
  const openAt = () =>
    openPostgresStore({
      ...{ url: server.urlOf(database), masterKey: MASTER_KEY, random: randomBytes },
      ...{ now: Date.now, sleep, defaultRate: 1_000 },
    })
  const bench = await openBench(async () => ({ store: await openAt(), advance: () => {} }))
  const other = await openAt()
  return {
    bench,
    other,
    query: (text: string, values: unknown[] = []) => server.query(text, values, database),
    [Symbol.asyncDispose]: async () => {
      await other.close()
      await bench.store.close()
    },
  }
}

test('stats that are read while another node writes are of one moment', async () => {
  await using opened = await openNodes()
  const { bench, other } = opened
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

test('the lane in which counting ends is counted to its end, so that it can be the one that most is for', async () => {
  await using opened = await openNodes()
  const { bench, query } = opened
  const [small, large] = [MOST_COUNTED / 2 + 1_000, MOST_COUNTED + 500]
  await query(
    `INSERT INTO lanes (partner_id, host, due_at) VALUES ($1, 'one.example', 1), ($1, 'two.example', 2), ($1, 'early.example', 0)`,
    [bench.partnerId],
  )
  await query(
    `INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
     SELECT row_number() OVER (), $1, 'reg_' || l.host || n, l.id, 'https://' || l.host || '/', l.due_at + n
     FROM lanes l JOIN (VALUES ('one.example', $2::int), ('two.example', $3::int)) AS sizes(host, size) ON sizes.host = l.host
       CROSS JOIN LATERAL generate_series(0, sizes.size - 1) AS n`,
    [bench.partnerId, small, large],
  )
  const { deliveries } = await bench.store.stats()
  expect(deliveries).toMatchObject({
    due: MOST_COUNTED,
    dueIsCapped: true,
    oldestDueAt: 1,
    mostFor: { partnerId: bench.partnerId, host: 'two.example', due: MOST_COUNTED },
  })
})

test('a lane that says too early when its first message is due hides none that is older', async () => {
  await using opened = await openNodes()
  const { bench, query } = opened
  await query(
    `INSERT INTO lanes (partner_id, host, due_at) VALUES ($1, 'early.example', 1), ($1, 'right.example', 50)`,
    [bench.partnerId],
  )
  const add = (host: string, seq: number, dueAt: number) =>
    query(
      `INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
       SELECT $2::int, $1, 'reg_' || host, id, '', $3 FROM lanes WHERE host = $4`,
      [bench.partnerId, seq, dueAt, host],
    )
  await add('right.example', 1, 50)
  await add('early.example', 2, 40)
  expect((await bench.store.stats()).deliveries).toMatchObject({ due: 2, oldestDueAt: 40 })
  await query('UPDATE deliveries SET due_at = 60 WHERE seq = 2')
  expect((await bench.store.stats()).deliveries).toMatchObject({ due: 2, oldestDueAt: 50 })
  await query('DELETE FROM deliveries WHERE seq = 1')
  expect((await bench.store.stats()).deliveries).toMatchObject({ due: 1, oldestDueAt: 60 })
})
