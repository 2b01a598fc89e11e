import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from '../support/postgres.ts'
import type { OpenStore } from '../support/store.ts'
import { describeSharedStore, describeStore, type Part } from './conformance.ts'

const START = Date.parse('2026-11-24T08:00:00Z')
const MASTER_KEY = randomBytes(32)

let server: TestServer
let databases = 0

beforeAll(async () => {
  server = await openTestServer()
  await server.createDatabase('template')
  await (await openAt('template')).close()
})
// A database a test: to remove them all takes its time.
afterAll(() => server[Symbol.asyncDispose](), 120_000)

const openAt = (database: string, { rate = 1_000, clock = { now: START } } = {}) =>
  openPostgresStore({
    url: server.urlOf(database),
    masterKey: MASTER_KEY,
    random: randomBytes,
    now: () => clock.now,
    hasDatabaseClock: false,
    sleep,
    defaultRate: rate,
  })

const newDatabase = async (): Promise<string> => {
  const name = `store_${++databases}`
  await server.createDatabase(name, 'template')
  return name
}

/** Of its own for each test: one that has run out of time may go on for a while. */
const newClock = () => {
  const clock = { now: START }
  return {
    clock,
    advance: (ms: number) => {
      clock.now += ms
    },
  }
}

const openOne: OpenStore = async ({ rate }) => {
  const { clock, advance } = newClock()
  return { store: await openAt(await newDatabase(), { rate, clock }), advance }
}

/** Those whose verbs are there. */
const PARTS: readonly Part[] = [
  'registering',
  'cancelling',
  'repeating',
  'polling',
  'what was answered',
  'a clock that was set back',
  'who is asked first',
  'accounts',
  'completions',
  'delivering',
  'holding',
  'lanes',
  'a URL that answered 410',
  'a URL that fails',
  'the notice of a disabled URL',
  'catching up',
  'order and bounds',
  'fencing',
  'a bulk resend',
  'history',
  'nodes',
  'operators',
  'what operators are told',
  'events',
  'reading',
  'partners',
  'searching',
  'stats',
  'signing secrets',
  'a bulk act',
  'retention',
  'upkeep',
]

describeStore('PostgreSQL', openOne, PARTS)
describeSharedStore('two nodes on PostgreSQL', async ({ rate }) => {
  const database = await newDatabase()
  const { clock, advance } = newClock()
  return { store: await openAt(database, { rate, clock }), other: await openAt(database, { rate, clock }), advance }
})
