import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { resealAll } from '../../../src/store/resealing.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openBench } from '../../support/store.ts'

const OLD_KEY = randomBytes(32)
const NEW_KEY = randomBytes(32)
const BATCH = { size: 2, pause: async () => {} }

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose](), 60_000)

const openWith = (database: string, masterKey: Buffer, previousKey?: Buffer) =>
  openPostgresStore({
    ...{ url: server.urlOf(database), masterKey, previousKey, random: randomBytes },
    ...{ now: Date.now, sleep, defaultRate: 1_000 },
  })

test('all that is sealed moves to the new key', async () => {
  await server.createDatabase('moved')
  await using bench = await openBench(async () => ({ store: await openWith('moved', OLD_KEY), advance: () => {} }))
  const metadata = { order: '42' }
  const before = await bench.resolve({ metadata })
  await bench.resolve()
  const rekeying = await openWith('moved', NEW_KEY, OLD_KEY)
  // The account, the secret, two verdicts, one metadata, two messages, the canary.
  const first = await resealAll(rekeying.reseal, BATCH)
  expect(first).toEqual({ moved: 8, unreadable: [] })
  expect(await resealAll(rekeying.reseal, BATCH)).toEqual({ moved: 0, unreadable: [] })
  await rekeying.close()

  const moved = await openWith('moved', NEW_KEY)
  const { partnerId } = bench
  expect(await moved.findRegistration(partnerId, before.id)).toMatchObject({ metadata, verdict: { status: 'SUCCESS' } })
  expect(await moved.liveSecrets(partnerId)).toHaveLength(1)
  const page = await moved.listEvents(partnerId, { after: null, limit: 10 })
  expect(page).toMatchObject({ outcome: 'page', events: [{ registrationId: before.id }, {}] })
  await moved.close()
})

test('what is changed while it is resealed keeps the change', async () => {
  await server.createDatabase('changed')
  await using bench = await openBench(async () => ({ store: await openWith('changed', OLD_KEY), advance: () => {} }))
  const ended = await Promise.all(Array.from({ length: 10 }, () => bench.register({ metadata: { order: '42' } })))
  const rekeying = await openWith('changed', NEW_KEY, OLD_KEY)
  await Promise.all([
    resealAll(rekeying.reseal, BATCH),
    ...ended.map(({ id }) => bench.store.cancel(bench.partnerId, id)),
  ])
  for (const { id } of ended)
    expect(await rekeying.findRegistration(bench.partnerId, id)).toMatchObject({ status: 'cancelled', metadata: {} })
  await rekeying.close()
})
