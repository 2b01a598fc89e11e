import { ulid } from 'ulid'
import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { MessageState } from '../../../src/core/message.ts'
import { BULK_WINDOW, mostUnderWay, type NewBulkAct } from '../../../src/store/bulk/states.ts'
import { ALL_REGISTRATIONS, type RegistrationFilter } from '../../../src/store/registrations/filter.ts'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const draft = async (
  { store }: StoreFixture,
  { filter = {}, ...more }: Partial<Omit<NewBulkAct, 'filter'>> & { filter?: Partial<RegistrationFilter> } = {},
) => {
  const wanted = { filter: { ...ALL_REGISTRATIONS, ...filter }, act: more.act ?? ('resend' as const) }
  const counted = await store.countRegistrations(wanted)
  const by = { reason: 'the receiver works again', who: 'token_1', name: 'Zoë', createdAt: store.now() }
  return store.createBulkAct({
    id: 'bulk_1',
    partnerId: null,
    ...wanted,
    ...by,
    probe: false,
    counted,
    ...more,
    ...wanted,
  })
}
/** So many registrations whose messages were given up, each to a URL of its own; the newest first. */
const exhaust = async (bench: StoreFixture, count: number) => {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const id = `reg_${ulid(bench.store.now())}`
    ids.unshift((await bench.resolve({ id, callbackUrl: `https://partner.example/${n}` })).id)
    await bench.deliver(410)
    await bench.advance(MINUTE)
  }
  return ids
}
const sent = async (bench: StoreFixture) => (await bench.claimMessages()).map(message => message.registrationId)
const run = async ({ store }: StoreFixture, limit: number) => {
  while (!(await store.continueBulkActs(limit)).isIdle);
}
const stateOf = async ({ store }: StoreFixture) => {
  const bulk = await store.findBulkAct('bulk_1')
  return [bulk?.state, bulk?.done]
}

export const describeBulkActs = (open: OpenStore): void => {
  test('does nothing before it is started, and then all that is meant, in batches', async () => {
    await using bench = await openStoreFixture(open)
    const ids = await exhaust(bench, 3)
    const made = await draft(bench, { filter: { delivery: 'exhausted' } })
    expect(made).toMatchObject({ state: 'draft', counted: { count: 3, isCapped: false }, done: 0, startedAt: null })
    expect(await bench.store.findBulkAct('bulk_1')).toEqual(made)
    expect(await bench.store.continueBulkActs(2)).toEqual({ count: 0, isIdle: true, isOfPartner: false, cancelled: [] })
    const startedAt = bench.store.now()
    expect(await bench.store.startBulkAct('bulk_1')).toEqual({
      outcome: 'changed',
      bulk: { ...made, state: 'running', startedAt },
    })
    expect((await bench.store.continueBulkActs(2)).count).toBe(2)
    expect(await stateOf(bench)).toEqual(['running', 2])
    expect((await bench.store.continueBulkActs(2)).count).toBe(1)
    expect(await stateOf(bench)).toEqual(['done', 3])
    expect((await bench.store.continueBulkActs(2)).count).toBe(0)
    expect((await sent(bench)).sort()).toEqual(ids.sort())
  })

  test('means only what was there when its time was fixed, of its filter', async () => {
    await using bench = await openStoreFixture(open)
    const [newest, oldest] = await exhaust(bench, 2)
    const until = (await bench.find(oldest ?? '')).createdAt
    await draft(bench, { filter: { until } })
    await bench.store.startBulkAct('bulk_1')
    await run(bench, 10)
    expect(await sent(bench)).toEqual([oldest])
    expect((await bench.find(newest ?? '')).delivery.state).toBe('exhausted')
  })

  test('passes over what is not meant, so much at a time', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.register(Array.from({ length: BULK_WINDOW + 1 }, () => bench.newRegistration()))
    await draft(bench, { act: 'poll', filter: { host: 'other.example' } })
    await bench.store.startBulkAct('bulk_1')
    expect(await bench.store.continueBulkActs(10)).toEqual({
      count: 0,
      isIdle: false,
      isOfPartner: false,
      cancelled: [],
    })
    expect(await stateOf(bench)).toEqual(['running', 0])
    expect(await bench.store.continueBulkActs(10)).toEqual({
      count: 0,
      isIdle: false,
      isOfPartner: false,
      cancelled: [],
    })
    expect(await stateOf(bench)).toEqual(['done', 0])
    expect((await bench.store.continueBulkActs(10)).isIdle).toBe(true)
  })

  test('takes steps in turn with others, whoever has begun later', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.register(Array.from({ length: 20 }, () => bench.newRegistration()))
    const steps = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await bench.advance(1)
        await bench.store.continueBulkActs(1)
      }
    }
    const done = async (...ids: string[]) => Promise.all(ids.map(async id => (await bench.store.findBulkAct(id))?.done))
    for (const id of ['bulk_1', 'bulk_2']) {
      await draft(bench, { id, act: 'poll' })
      await bench.store.startBulkAct(id)
      await steps(4)
    }
    expect(await done('bulk_1', 'bulk_2')).toEqual([6, 2])
    await bench.store.continueBulkActs(3, 'bulk_2')
    expect(await done('bulk_1', 'bulk_2')).toEqual([6, 5])
  })

  test('go on by turns over partners, the oldest of each first', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    for (const partnerId of [bench.partnerId, other])
      await bench.store.register(Array.from({ length: BULK_WINDOW + 1 }, () => bench.newRegistration({ partnerId })))
    const acts = { bulk_1: bench.partnerId, bulk_2: bench.partnerId, bulk_3: other }
    for (const [id, partnerId] of Object.entries(acts)) {
      await draft(bench, { id, partnerId, act: 'poll', filter: { partnerId } })
      await bench.store.startBulkAct(id)
    }
    const states = async () => {
      await bench.advance(1)
      expect((await bench.store.continueBulkActs(1)).isOfPartner).toBe(true)
      return (await bench.store.listBulkActs({ limit: 9, before: null })).found
        .map(({ done }) => Math.sign(done))
        .reverse()
    }
    expect([await states(), await states(), await states()]).toEqual([
      [1, 0, 0],
      [1, 0, 1],
      [1, 0, 1],
    ])
    await bench.store.stopBulkAct('bulk_1')
    expect(await states()).toEqual([1, 1, 1])
  })

  test('of a partner means also what its clock says is tried later', async () => {
    await using bench = await openStoreFixture(open)
    await exhaust(bench, 1)
    const { partnerId } = bench
    const createdAt = bench.store.now() - HOUR
    await draft(bench, { partnerId, filter: { partnerId, delivery: 'exhausted' }, createdAt })
    await bench.store.startBulkAct('bulk_1')
    await run(bench, 10)
    expect(await stateOf(bench)).toEqual(['done', 1])
  })

  test('of a partner means its webhooks of a time that are not cancelled', async () => {
    await using bench = await openStoreFixture(open)
    const [last, cancelled, second] = await exhaust(bench, 4)
    await bench.resolve({ partnerId: await bench.addPartner() })
    await bench.deliver(410)
    await bench.advance(MINUTE)
    await bench.store.cancel(bench.partnerId, cancelled ?? '', 'erase')
    const messageSince = (await bench.find(second ?? '')).createdAt
    const messageUntil = (await bench.find(last ?? '')).createdAt - 1
    const { partnerId } = bench
    const filter = { partnerId, delivery: 'exhausted' as const, messageSince, messageUntil }
    expect(await draft(bench, { partnerId, filter })).toMatchObject({ partnerId, counted: { count: 1 } })
    expect(await bench.store.countExhausted(partnerId, { since: messageSince, until: messageUntil })).toBe(1)
    expect(await bench.store.countExhausted(partnerId, { since: 0, until: messageUntil + 1 })).toBe(3)
    const elsewhere = { since: 0, until: messageUntil + 1, host: 'elsewhere.example' }
    expect(await bench.store.countExhausted(partnerId, elsewhere)).toBe(0)
    await bench.store.startBulkAct('bulk_1')
    await run(bench, 10)
    expect(await sent(bench)).toEqual([second])
  })

  test('can be stopped, and goes on where it was', async () => {
    await using bench = await openStoreFixture(open)
    const ids = await exhaust(bench, 3)
    await draft(bench)
    await bench.store.startBulkAct('bulk_1')
    await bench.store.continueBulkActs(1)
    expect(await bench.store.stopBulkAct('bulk_1')).toMatchObject({ outcome: 'changed', bulk: { state: 'stopped' } })
    expect((await bench.store.continueBulkActs(1)).count).toBe(0)
    expect(await bench.store.stopBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'stopped' })
    expect(await bench.store.startBulkAct('bulk_1')).toMatchObject({ bulk: { doneAtStart: 1, endedAt: null } })
    expect(await bench.store.startBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'running' })
    await run(bench, 1)
    expect(await stateOf(bench)).toEqual(['done', 3])
    expect(await bench.store.startBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'done' })
    expect((await sent(bench)).sort()).toEqual(ids.sort())
  })

  test('sends its probe first, and goes on when that has arrived', async () => {
    await using bench = await openStoreFixture(open)
    const ids = await exhaust(bench, 3)
    await draft(bench, { probe: true })
    await bench.store.startBulkAct('bulk_1')
    expect((await bench.store.continueBulkActs(10)).count).toBe(1)
    expect((await bench.store.continueBulkActs(10)).count).toBe(0)
    expect(await stateOf(bench)).toEqual(['probing', 1])
    expect(await bench.deliver(200)).toBe(1)
    expect((await bench.store.continueBulkActs(10)).count).toBe(2)
    expect(await stateOf(bench)).toEqual(['done', 3])
    expect((await sent(bench)).sort()).toEqual(ids.slice(1).sort())
  })

  test('fails with its probe, and says why', async () => {
    await using bench = await openStoreFixture(open)
    await exhaust(bench, 3)
    await draft(bench, { probe: true })
    await bench.store.startBulkAct('bulk_1')
    await bench.store.continueBulkActs(10)
    await bench.deliver(503)
    expect((await bench.store.continueBulkActs(10)).count).toBe(0)
    expect(await bench.store.findBulkAct('bulk_1')).toMatchObject({
      state: 'failed',
      error: 'http_503',
      done: 1,
      endedAt: bench.store.now(),
    })
    await bench.advance(MINUTE)
    // Its URL answered 410 before.
    expect(await sent(bench)).toEqual([])
  })

  test('judges its probe by no attempt that was under way when it was sent', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const [before] = await bench.claimMessages()
    if (!before) throw new Error('one was due')
    await draft(bench, { probe: true })
    await bench.store.startBulkAct('bulk_1')
    expect((await bench.store.continueBulkActs(10)).count).toBe(1)
    await bench.store.settleMessages([bench.received(before, 503)])
    await run(bench, 10)
    expect(await stateOf(bench)).toEqual(['probing', 1])
    expect(await bench.deliver(200)).toBe(1)
    await run(bench, 10)
    expect(await stateOf(bench)).toEqual(['done', 1])
    expect((await bench.find(id)).delivery.state).toBe('delivered')
  })

  test('that failed at each step kept all others from going on', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register()
    const good = await draft(bench, { act: 'poll' })
    // It makes a statement that no engine understands.
    const filter = { ...ALL_REGISTRATIONS, partnerId: bench.partnerId, delivery: "'x" as MessageState }
    await bench.store.createBulkAct({ ...good, id: 'bulk_0', filter })
    for (const id of ['bulk_0', 'bulk_1']) await bench.store.startBulkAct(id)
    await expect(bench.store.continueBulkActs(10)).rejects.toThrow()
    const failed = { state: 'failed', error: 'internal', endedAt: bench.store.now() }
    expect(await bench.store.findBulkAct('bulk_0')).toMatchObject(failed)
    await run(bench, 10)
    expect(await stateOf(bench)).toEqual(['done', 1])
  })

  test('did nothing once a field was added that its filter had not', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register()
    const filter = { status: 'pending' } as RegistrationFilter
    await bench.store.createBulkAct({ ...(await draft(bench, { act: 'poll', id: 'bulk_0' })), id: 'bulk_1', filter })
    expect((await bench.store.findBulkAct('bulk_1'))?.filter).toEqual({ ...ALL_REGISTRATIONS, ...filter })
    await bench.store.startBulkAct('bulk_1')
    await run(bench, 10)
    expect(await stateOf(bench)).toEqual(['done', 1])
  })

  test('waits for the end of another where as many are under way as may be', async () => {
    await using bench = await openStoreFixture(open)
    for (let n = 0; n < mostUnderWay(null); n++) {
      await draft(bench, { id: `bulk_0${n}` })
      await bench.store.startBulkAct(`bulk_0${n}`)
    }
    const made = await draft(bench)
    expect(await bench.store.startBulkAct('bulk_1')).toEqual({ outcome: 'too_many' })
    expect(await bench.store.findBulkAct('bulk_1')).toEqual(made)
    await draft(bench, { id: 'bulk_partner', partnerId: bench.partnerId })
    expect(await bench.store.startBulkAct('bulk_partner')).toMatchObject({ outcome: 'changed' })
    await bench.store.stopBulkAct('bulk_00')
    expect(await bench.store.startBulkAct('bulk_1')).toMatchObject({ outcome: 'changed' })
  })

  test('cancels, and tells what it has ended', async () => {
    await using bench = await openStoreFixture(open)
    const [one, two] = [await bench.register(), await bench.register()]
    const told: string[] = []
    bench.store.hints.on('withdrawn', ({ registrationId }) => told.push(registrationId ?? ''))
    await draft(bench, { act: 'cancel', filter: { status: 'pending' } })
    await bench.store.startBulkAct('bulk_1')
    const { count, cancelled } = await bench.store.continueBulkActs(10)
    expect(count).toBe(2)
    expect(cancelled.map(({ registration, isNew }) => [registration.id, isNew])).toEqual([
      [two.id, true],
      [one.id, true],
    ])
    expect(told).toEqual([two.id, one.id])
    expect((await bench.find(one.id)).status).toBe('cancelled')
    expect(await bench.claim()).toEqual([])
  })

  test('is listed the newest first, and rings when it is started', async () => {
    await using bench = await openStoreFixture(open)
    let rung = 0
    bench.store.hints.on('bulkActsDue', () => rung++)
    const [one, two, three] = [
      'bulk_01JABCDEFGHJKMNPQRSTVWXYZ1',
      'resend_01JABCDEFGHJKMNPQRSTVWXYZ2',
      'bulk_01JABCDEFGHJKMNPQRSTVWXYZ3',
    ] as const
    for (const id of [one, two, three]) await draft(bench, { id, partnerId: id === two ? bench.partnerId : null })
    const page = async (before: string | null) =>
      (await bench.store.listBulkActs({ limit: 2, before })).found.map(({ id }) => id)
    expect(await page(null)).toEqual([three, two])
    expect(await page(two)).toEqual([one])
    expect(await bench.store.startBulkAct('bulk_none')).toBeNull()
    expect(await bench.store.stopBulkAct('bulk_none')).toBeNull()
    expect(rung).toBe(0)
    await bench.store.startBulkAct(one)
    expect(rung).toBe(1)
    expect((await bench.store.continueBulkActs(1)).count).toBe(0)
    expect((await bench.store.findBulkAct(one))?.state).toBe('done')
  })
}
