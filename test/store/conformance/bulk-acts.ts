import { ulid } from 'ulid'
import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { MessageState } from '../../../src/core/message.ts'
import { BULK_WINDOW, mostUnderWay, type NewBulkAct } from '../../../src/store/bulk/states.ts'
import { ALL_REGISTRATIONS, type RegistrationFilter } from '../../../src/store/registrations/filter.ts'
import type { StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

type Wanted = Partial<Omit<NewBulkAct, 'filter'>> & { filter?: Partial<RegistrationFilter> }

const draft = async ({ store }: StoreFixture, { filter = {}, ...more }: Wanted = {}) => {
  const wanted = { filter: { ...ALL_REGISTRATIONS, ...filter }, act: more.act ?? ('resend' as const) }
  const counted = await store.countRegistrations(wanted)
  const by = { reason: 'the receiver works again', who: 'token_1', name: 'Zoë', createdAt: store.now() }
  return store.createBulkAct({ id: 'bulk_1', partnerId: null, ...by, probe: false, counted, ...more, ...wanted })
}
const start = async (scene: StoreFixture, wanted: Wanted = {}) => {
  const { id } = await draft(scene, wanted)
  await scene.store.startBulkAct(id)
}
/** So many registrations whose messages were given up, each to a URL of its own; the newest first. */
const exhaust = async (scene: StoreFixture, count: number) => {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const id = `reg_${ulid(scene.store.now())}`
    ids.unshift((await scene.resolve({ id, callbackUrl: `https://partner.example/${n}` })).id)
    await scene.deliver(410)
    await scene.advance(MINUTE)
  }
  return ids
}
const run = async ({ store }: StoreFixture, limit: number) => {
  while (!(await store.continueBulkActs(limit)).isIdle);
}
const stateOf = async ({ store }: StoreFixture) => {
  const bulk = await store.findBulkAct('bulk_1')
  return [bulk?.state, bulk?.done]
}

export const describeBulkActs = (test: StoreTest): void => {
  test('does nothing before it is started, and then all that is meant, in batches', async ({ scene, store }) => {
    const ids = await exhaust(scene, 3)
    const made = await draft(scene, { filter: { delivery: 'exhausted' } })
    expect(made).toMatchObject({ state: 'draft', counted: { count: 3, isCapped: false }, done: 0, startedAt: null })
    expect(await store.findBulkAct('bulk_1')).toEqual(made)
    expect(await store.continueBulkActs(2)).toEqual({ count: 0, isIdle: true, isOfPartner: false, cancelled: [] })
    const startedAt = store.now()
    expect(await store.startBulkAct('bulk_1')).toEqual({
      outcome: 'changed',
      bulk: { ...made, state: 'running', startedAt },
    })
    expect((await store.continueBulkActs(2)).count).toBe(2)
    expect(await stateOf(scene)).toEqual(['running', 2])
    expect((await store.continueBulkActs(2)).count).toBe(1)
    expect(await stateOf(scene)).toEqual(['done', 3])
    expect((await store.continueBulkActs(2)).count).toBe(0)
    expect((await scene.claimedIds()).sort()).toEqual(ids.sort())
  })

  test('takes only matches of its filter from before its time was fixed', async ({ scene }) => {
    const [newest, oldest] = await exhaust(scene, 2)
    const until = (await scene.find(oldest ?? '')).createdAt
    await start(scene, { filter: { until } })
    await run(scene, 10)
    expect(await scene.claimedIds()).toEqual([oldest])
    expect((await scene.find(newest ?? '')).delivery.state).toBe('exhausted')
  })

  test('passes over rows that do not match, in windows', async ({ scene, store }) => {
    await store.register(Array.from({ length: BULK_WINDOW + 1 }, () => scene.newRegistration()))
    await start(scene, { act: 'poll', filter: { host: 'other.example' } })
    const nothingYet = { count: 0, isIdle: false, isOfPartner: false, cancelled: [] }
    expect(await store.continueBulkActs(10)).toEqual(nothingYet)
    expect(await stateOf(scene)).toEqual(['running', 0])
    expect(await store.continueBulkActs(10)).toEqual(nothingYet)
    expect(await stateOf(scene)).toEqual(['done', 0])
    expect((await store.continueBulkActs(10)).isIdle).toBe(true)
  })

  test('takes steps in turn with others, even with later ones', async ({ scene, store }) => {
    await store.register(Array.from({ length: 20 }, () => scene.newRegistration()))
    const steps = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await scene.advance(1)
        await store.continueBulkActs(1)
      }
    }
    const done = async (...ids: string[]) => Promise.all(ids.map(async id => (await store.findBulkAct(id))?.done))
    for (const id of ['bulk_1', 'bulk_2']) {
      await start(scene, { id, act: 'poll' })
      await steps(4)
    }
    expect(await done('bulk_1', 'bulk_2')).toEqual([6, 2])
  })

  test('go on by turns over partners, the oldest of each first', async ({ scene, store }) => {
    const other = await scene.addPartner()
    for (const partnerId of [scene.partnerId, other])
      await store.register(Array.from({ length: BULK_WINDOW + 1 }, () => scene.newRegistration({ partnerId })))
    const acts = { bulk_1: scene.partnerId, bulk_2: scene.partnerId, bulk_3: other }
    for (const [id, partnerId] of Object.entries(acts))
      await start(scene, { id, partnerId, act: 'poll', filter: { partnerId } })
    const states = async () => {
      await scene.advance(1)
      expect((await store.continueBulkActs(1)).isOfPartner).toBe(true)
      return (await store.listBulkActs({ limit: 9, before: null })).found.map(({ done }) => Math.sign(done)).reverse()
    }
    expect([await states(), await states(), await states()]).toEqual([
      [1, 0, 0],
      [1, 0, 1],
      [1, 0, 1],
    ])
    await store.stopBulkAct('bulk_1')
    expect(await states()).toEqual([1, 1, 1])
  })

  test('of a partner covers also messages later than its own time', async ({ scene, store, partnerId }) => {
    await exhaust(scene, 1)
    const createdAt = store.now() - HOUR
    await start(scene, { partnerId, filter: { partnerId, delivery: 'exhausted' }, createdAt })
    await run(scene, 10)
    expect(await stateOf(scene)).toEqual(['done', 1])
  })

  test('of a partner means its webhooks of a time that are not cancelled', async ({ scene, store, partnerId }) => {
    const [last, cancelled, second] = await exhaust(scene, 4)
    await scene.resolve({ partnerId: await scene.addPartner() })
    await scene.deliver(410)
    await scene.advance(MINUTE)
    await store.cancel(partnerId, cancelled ?? '', 'erase')
    const messageSince = (await scene.find(second ?? '')).createdAt
    const messageUntil = (await scene.find(last ?? '')).createdAt - 1
    const filter = { partnerId, delivery: 'exhausted' as const, messageSince, messageUntil }
    expect(await draft(scene, { partnerId, filter })).toMatchObject({ partnerId, counted: { count: 1 } })
    expect(await store.countExhausted(partnerId, { since: messageSince, until: messageUntil })).toBe(1)
    expect(await store.countExhausted(partnerId, { since: 0, until: messageUntil + 1 })).toBe(3)
    const elsewhere = { since: 0, until: messageUntil + 1, host: 'elsewhere.example' }
    expect(await store.countExhausted(partnerId, elsewhere)).toBe(0)
    await store.startBulkAct('bulk_1')
    await run(scene, 10)
    expect(await scene.claimedIds()).toEqual([second])
  })

  test('can be stopped, and goes on where it was', async ({ scene, store }) => {
    const ids = await exhaust(scene, 3)
    await start(scene)
    await store.continueBulkActs(1)
    expect(await store.stopBulkAct('bulk_1')).toMatchObject({ outcome: 'changed', bulk: { state: 'stopped' } })
    expect((await store.continueBulkActs(1)).count).toBe(0)
    expect(await store.stopBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'stopped' })
    expect(await store.startBulkAct('bulk_1')).toMatchObject({ bulk: { doneAtStart: 1, endedAt: null } })
    expect(await store.startBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'running' })
    await run(scene, 1)
    expect(await stateOf(scene)).toEqual(['done', 3])
    expect(await store.startBulkAct('bulk_1')).toEqual({ outcome: 'impossible', state: 'done' })
    expect((await scene.claimedIds()).sort()).toEqual(ids.sort())
  })

  test('sends its probe first, and goes on when that has arrived', async ({ scene, store }) => {
    const ids = await exhaust(scene, 3)
    await start(scene, { probe: true })
    expect((await store.continueBulkActs(10)).count).toBe(1)
    expect((await store.continueBulkActs(10)).count).toBe(0)
    expect(await stateOf(scene)).toEqual(['probing', 1])
    expect(await scene.deliver(200)).toBe(1)
    expect((await store.continueBulkActs(10)).count).toBe(2)
    expect(await stateOf(scene)).toEqual(['done', 3])
    expect((await scene.claimedIds()).sort()).toEqual(ids.slice(1).sort())
  })

  test('fails with its probe, and says why', async ({ scene, store }) => {
    await exhaust(scene, 3)
    await start(scene, { probe: true })
    await store.continueBulkActs(10)
    await scene.deliver(503)
    expect((await store.continueBulkActs(10)).count).toBe(0)
    expect(await store.findBulkAct('bulk_1')).toMatchObject({
      state: 'failed',
      error: 'http_503',
      done: 1,
      endedAt: store.now(),
    })
    await scene.advance(MINUTE)
    // Its URL answered 410 before.
    expect(await scene.claimedIds()).toEqual([])
  })

  test('judges its probe by no attempt that was under way when it was sent', async ({ scene, store }) => {
    const { id } = await scene.resolve()
    const [before] = await scene.claimMessages()
    if (!before) throw new Error('one was due')
    await start(scene, { probe: true })
    expect((await store.continueBulkActs(10)).count).toBe(1)
    await store.settleMessages([scene.received(before, 503)])
    await run(scene, 10)
    expect(await stateOf(scene)).toEqual(['probing', 1])
    expect(await scene.deliver(200)).toBe(1)
    await run(scene, 10)
    expect(await stateOf(scene)).toEqual(['done', 1])
    expect((await scene.find(id)).delivery.state).toBe('delivered')
  })

  test('that failed at each step kept all others from going on', async ({ scene, store, partnerId }) => {
    await scene.register()
    const good = await draft(scene, { act: 'poll' })
    // It makes a statement that no engine understands.
    const filter = { ...ALL_REGISTRATIONS, partnerId, delivery: "'x" as MessageState }
    await store.createBulkAct({ ...good, id: 'bulk_0', filter })
    for (const id of ['bulk_0', 'bulk_1']) await store.startBulkAct(id)
    await expect(store.continueBulkActs(10)).rejects.toThrow()
    const failed = { state: 'failed', error: 'internal', endedAt: store.now() }
    expect(await store.findBulkAct('bulk_0')).toMatchObject(failed)
    await run(scene, 10)
    expect(await stateOf(scene)).toEqual(['done', 1])
  })

  test('did nothing once a field was added that its filter had not', async ({ scene, store }) => {
    await scene.register()
    const filter = { status: 'pending' } as RegistrationFilter
    await store.createBulkAct({ ...(await draft(scene, { act: 'poll', id: 'bulk_0' })), id: 'bulk_1', filter })
    expect((await store.findBulkAct('bulk_1'))?.filter).toEqual({ ...ALL_REGISTRATIONS, ...filter })
    await store.startBulkAct('bulk_1')
    await run(scene, 10)
    expect(await stateOf(scene)).toEqual(['done', 1])
  })

  test('waits for the end of another where as many are under way as may be', async ({ scene, store, partnerId }) => {
    for (let n = 0; n < mostUnderWay(null); n++) await start(scene, { id: `bulk_0${n}` })
    const made = await draft(scene)
    expect(await store.startBulkAct('bulk_1')).toEqual({ outcome: 'too_many' })
    expect(await store.findBulkAct('bulk_1')).toEqual(made)
    await draft(scene, { id: 'bulk_partner', partnerId })
    expect(await store.startBulkAct('bulk_partner')).toMatchObject({ outcome: 'changed' })
    await store.stopBulkAct('bulk_00')
    expect(await store.startBulkAct('bulk_1')).toMatchObject({ outcome: 'changed' })
  })

  test('cancels, and emits a hint for each', async ({ scene, store }) => {
    const [one, two] = [await scene.register(), await scene.register()]
    const told: string[] = []
    store.hints.on('withdrawn', ({ registrationId }) => told.push(registrationId ?? ''))
    await start(scene, { act: 'cancel', filter: { status: 'pending' } })
    const { count, cancelled } = await store.continueBulkActs(10)
    expect(count).toBe(2)
    expect(cancelled.map(({ registration, isNew }) => [registration.id, isNew])).toEqual([
      [two.id, true],
      [one.id, true],
    ])
    expect(told).toEqual([two.id, one.id])
    expect((await scene.find(one.id)).status).toBe('cancelled')
    expect(await scene.claim()).toEqual([])
  })

  test('is listed the newest first, and rings when it is started', async ({ scene, store, partnerId }) => {
    let rung = 0
    store.hints.on('bulkActsDue', () => rung++)
    const [one, two, three] = [
      'bulk_01JABCDEFGHJKMNPQRSTVWXYZ1',
      'resend_01JABCDEFGHJKMNPQRSTVWXYZ2',
      'bulk_01JABCDEFGHJKMNPQRSTVWXYZ3',
    ] as const
    for (const id of [one, two, three]) await draft(scene, { id, partnerId: id === two ? partnerId : null })
    const page = async (before: string | null) =>
      (await store.listBulkActs({ limit: 2, before })).found.map(({ id }) => id)
    expect(await page(null)).toEqual([three, two])
    expect(await page(two)).toEqual([one])
    expect(await store.startBulkAct('bulk_none')).toBeNull()
    expect(await store.stopBulkAct('bulk_none')).toBeNull()
    expect(rung).toBe(0)
    await store.startBulkAct(one)
    expect(rung).toBe(1)
    expect((await store.continueBulkActs(1)).count).toBe(0)
    expect((await store.findBulkAct(one))?.state).toBe('done')
  })
}
