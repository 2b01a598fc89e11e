import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openStoreFixture, SUCCESS } from '../../support/store.ts'

const MASTER_KEY = randomBytes(32)

let server: TestServer
let databases = 0

beforeAll(async () => {
  server = await openTestServer()
  await server.createDatabase('template')
  await (await openAt('template')).close()
})
afterAll(() => server[Symbol.asyncDispose]())

/** How often a transaction was run again: after a pause of 20 ms the first time. */
let repeats = 0

const openAt = (database: string) =>
  openPostgresStore({
    url: server.urlOf(database),
    masterKey: MASTER_KEY,
    random: randomBytes,
    now: Date.now,
    sleep: ms => {
      if (ms === 20) repeats++
      return sleep(ms)
    },
    defaultRate: 1_000,
  })

const openNode = async () => {
  const database = `stops_${++databases}`
  await server.createDatabase(database, 'template')
  const bench = await openStoreFixture(async () => ({ store: await openAt(database), advance: () => {} }))
  const waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  const untilWaiting = (count: number) =>
    vi.waitUntil(async () => (await server.query(waiting, [], database)).length === count, 20_000)
  return {
    ...bench,
    untilWaiting,
    /** Another session keeps a lock until `release`. */
    lock: async (statement: string, values: unknown[] = []) => {
      const client = new pg.Client({ connectionString: server.urlOf(database) })
      await client.connect()
      await client.query('BEGIN')
      await client.query(statement, values)
      return { release: () => client.end() }
    },
    query: (text: string, values: unknown[] = []) => server.query(text, values, database),
  }
}

test('the long reads of operators took every connection of calls', async () => {
  await using node = await openNode()
  await using stack = new AsyncDisposableStack()
  const gate = await node.lock('LOCK TABLE registrations IN ACCESS EXCLUSIVE MODE')
  stack.defer(gate.release)
  const counts = Array.from({ length: 20 }, () =>
    node.store.countRegistrations({ filter: ALL_REGISTRATIONS, act: null }),
  )
  await node.untilWaiting(2)
  expect(await node.store.findPartner(node.partnerId)).toMatchObject({ id: node.partnerId })
  await node.untilWaiting(2)
  await gate.release()
  expect(await Promise.all(counts)).toEqual(Array(20).fill({ count: 0, isCapped: false, scanned: 0 }))
})

test('nothing is claimed after a hold, a disabled partner or an ended secret, also by a claim that had begun', async () => {
  await using node = await openNode()
  const { store, partnerId } = node
  const stops = {
    hold: () => store.holdDeliveries(),
    disable: () => store.changePartner(partnerId, { disabled: true }),
    rotate: () =>
      store.rotateSigningSecret(partnerId, { id: node.newId('secret'), type: 'v1', text: new Secret('new') }, 0),
  }
  for (const stop of [stops.rotate, stops.disable, stops.hold]) {
    await node.resolve()
    await using stack = new AsyncDisposableStack()
    // A claim has looked at all that decides what it may take, and is about to take it.
    const gate = await node.lock('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE')
    stack.defer(gate.release)
    const claim = node.claimMessages()
    await node.untilWaiting(1)
    const stopped = stop()
    // It waits for the end of the claim; which answer is heard first says nothing.
    await node.untilWaiting(2)
    await gate.release()
    expect(await claim).toHaveLength(1)
    await stopped
    expect(await node.claimMessages()).toEqual([])
    await store.changePartner(partnerId, { disabled: false })
  }
})

test('a message is resent while a claim releases its URL, without a deadlock', async () => {
  await using node = await openNode()
  const { store, partnerId } = node
  await node.register()
  const held = await node.register()
  await node.poll(SUCCESS)
  await node.deliver(410, { slots: 1 })
  expect(await node.claimMessages()).toEqual([])
  await store.enableCallback({ partnerId, callbackUrl: held.callbackUrl }, 'operator')
  await using stack = new AsyncDisposableStack()
  repeats = 0
  // The claim has locked the URL, and the resend its message, before either goes on.
  const gate = await node.lock('SELECT FROM lanes FOR UPDATE')
  stack.defer(gate.release)
  const claiming = node.claimMessages()
  await node.untilWaiting(1)
  const resending = store.resend(partnerId, held.id)
  await node.untilWaiting(2)
  await gate.release()
  expect(await resending).toBe('resent')
  expect(repeats).toBe(0)
  const claimed = [...(await claiming), ...(await node.claimMessages()), ...(await node.claimMessages())]
  expect(claimed.map(({ registrationId }) => registrationId)).toEqual([held.id])
  expect(await node.query('SELECT FROM callbacks')).toEqual([])
})
