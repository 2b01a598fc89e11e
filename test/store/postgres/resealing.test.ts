import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { PostgresOptions } from '../../../src/store/postgres/store.ts'
import { resealAll } from '../../../src/store/resealing.ts'
import { openPostgres, openPostgresBench, useServer } from '../../support/postgres-server.ts'
import { first, SUCCESS } from '../../support/store.ts'

const OLD_KEY = randomBytes(32)
const NEW_KEY = randomBytes(32)
const BATCH = { size: 2, pause: async () => {} }

const { newDatabase } = useServer()

type Keys = Pick<PostgresOptions, 'masterKey' | 'previousKey'>
const OLD: Keys = { masterKey: OLD_KEY }
const NEW_AND_OLD: Keys = { masterKey: NEW_KEY, previousKey: OLD_KEY }
const OLD_AND_NEW: Keys = { masterKey: OLD_KEY, previousKey: NEW_KEY }

test('all that is sealed moves to the new key', async () => {
  const { url } = await newDatabase()
  await using bench = await openPostgresBench(url, OLD)
  const metadata = { order: '42' }
  const before = await bench.resolve({ metadata })
  await bench.resolve()
  const contact = { url: 'https://partner.example/contact', secret: 'x', language: 'en' } as const
  await bench.store.putContact(bench.partnerId, contact)
  const rekeying = await openPostgres(url, NEW_AND_OLD)
  // The account, the secret, two verdicts, one metadata, two messages, the contact, the canary.
  const first = await resealAll(rekeying.reseal, BATCH)
  expect(first).toEqual({ moved: 9, unreadable: [] })
  expect(await resealAll(rekeying.reseal, BATCH)).toEqual({ moved: 0, unreadable: [] })
  await rekeying.close()

  const moved = await openPostgres(url, { masterKey: NEW_KEY })
  const { partnerId } = bench
  expect(await moved.findRegistration(partnerId, before.id)).toMatchObject({ metadata, verdict: { status: 'SUCCESS' } })
  expect(await moved.liveSecrets(partnerId)).toHaveLength(1)
  expect(await moved.findContact(partnerId)).toMatchObject(contact)
  const page = await moved.listEvents(partnerId, { after: null, limit: 10 })
  expect(page).toMatchObject({ outcome: 'page', events: [{ registrationId: before.id }, {}] })
  await moved.close()
})

test('a row changed while it is resealed keeps the change', async () => {
  const { url, connect, untilWaiting } = await newDatabase()
  await using bench = await openPostgresBench(url, OLD)
  const { id } = await bench.register({ metadata: { order: '42' } })
  const rekeying = await openPostgres(url, NEW_AND_OLD)
  await using other = await connect()
  await other.query("BEGIN; UPDATE registrations SET metadata = convert_to('{}', 'UTF8')")
  const resealed = resealAll(rekeying.reseal, BATCH)
  await untilWaiting(1)
  await Promise.all([other.query('COMMIT'), resealed])
  expect((await rekeying.findRegistration(bench.partnerId, id))?.metadata).toEqual({})
  await rekeying.close()
})

/** What a node tells of a registration that another one has made. */
const toldOf = async (making: Keys, telling: Keys) => {
  const { url } = await newDatabase()
  const other = await openPostgres(url, telling)
  await using bench = await openPostgresBench(url, making)
  await bench.register({ metadata: { order: '42' } })
  await other.settleVerifications([bench.answered(first(await bench.claim()), SUCCESS)])
  const page = await other.listEvents(bench.partnerId, { after: null, limit: 1 })
  await other.close()
  return page.outcome === 'page' ? JSON.parse(first(page.events).body).data.metadata : null
}

test('nodes that change their key one after the other read each other, where all have the new one as well before', async () => {
  expect(await toldOf(NEW_AND_OLD, OLD)).toEqual({})
  expect(await toldOf(NEW_AND_OLD, OLD_AND_NEW)).toEqual({ order: '42' })
  expect(await toldOf(OLD_AND_NEW, NEW_AND_OLD)).toEqual({ order: '42' })
})
