import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
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
  const database = `stats_${++databases}`
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
