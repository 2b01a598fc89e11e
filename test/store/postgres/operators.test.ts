import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openStoreFixture } from '../../support/store.ts'

const MASTER_KEY = randomBytes(32)

let server: TestServer
let databases = 0
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose](), 60_000)

/** Two nodes on one database. */
const openNodes = async () => {
  const database = `operators_${++databases}`
  await server.createDatabase(database)
  const openAt = () =>
    openPostgresStore({
      ...{ url: server.urlOf(database), masterKey: MASTER_KEY, random: randomBytes },
      ...{ now: Date.now, sleep, defaultRate: 1_000 },
    })
  const bench = await openStoreFixture(async () => ({ store: await openAt(), advance: () => {} }))
  const other = await openAt()
  return {
    bench,
    other,
    [Symbol.asyncDispose]: async () => {
      await other.close()
      await bench.store.close()
    },
  }
}

test('a bulk act that two nodes go on with at once is done to each registration once', async () => {
  await using opened = await openNodes()
  const { bench, other } = opened
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
