import { expect, test } from 'vitest'
import { MAX_ALERTS, type Observation } from '../../../src/core/alert.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

const LEASE_MS = 30 * SECOND
const GAP_MS = 4 * SECOND
type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const claim = ({ store }: StoreFixture, limit = 100) => store.claimAlerts({ limit, leaseMs: LEASE_MS, gapMs: GAP_MS })

const exhausted = ({ store }: StoreFixture, subject = 'partner_1'): Observation => ({
  ...{ condition: 'message.exhausted', subject, at: store.now(), adds: 1 },
  details: { partnerId: subject, host: 'partner.example', error: 'timeout' },
})
const low = ({ store }: StoreFixture): Observation => ({
  ...{ condition: 'disk.low', subject: 'disk', at: store.now(), adds: 0 },
  details: { code: 'disk_low', since: null, freeBytes: 1 },
})
const room = (bench: StoreFixture): Observation => ({ ...low(bench), details: null }) as Observation

/** Tells all that is due, and gives what was told. */
const tell = async (bench: StoreFixture) => {
  const events = await claim(bench)
  await bench.store.settleAlerts({ alerts: events, outcome: 'told', claimableAt: null })
  await bench.advance(GAP_MS)
  return events.map(({ condition, subject, state, count, since }) => ({ condition, subject, state, count, since }))
}

export const describeAlerts = (open: OpenStore): void => {
  test('what is noted is told once, and its number after an hour', async () => {
    await using bench = await openStoreFixture(open)
    const event = { condition: 'message.exhausted', subject: 'partner_1', state: 'firing', since: bench.store.now() }
    expect(await bench.store.noteAlerts([exhausted(bench)])).toEqual({ merged: [], dropped: [] })
    expect(await tell(bench)).toEqual([{ ...event, count: 1 }])
    const again = await bench.store.noteAlerts([exhausted(bench), exhausted(bench)])
    expect(again.merged).toEqual(['message.exhausted', 'message.exhausted'])
    expect(await tell(bench)).toEqual([])
    await bench.advance(HOUR)
    expect(await tell(bench)).toEqual([{ ...event, count: 3 }])
  })

  test('what has come is told until it is over, and its end at once', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.noteAlerts([low(bench)])
    await tell(bench)
    expect(await bench.store.firingAlerts()).toMatchObject([{ condition: 'disk.low', subject: 'disk' }])
    await bench.store.noteAlerts([low(bench)])
    await bench.store.noteAlerts([room(bench)])
    expect(await bench.store.firingAlerts()).toEqual([])
    expect(await tell(bench)).toMatchObject([{ condition: 'disk.low', state: 'resolved' }])
    await bench.store.noteAlerts([room(bench)])
    expect(await tell(bench)).toEqual([])
  })

  test('are listed with what was told and what is held back, the last noted first', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    await store.noteAlerts([exhausted(bench, 'one')])
    await tell(bench)
    await store.noteAlerts([exhausted(bench, 'two'), exhausted(bench, 'three')])
    const first = await store.listAlerts({ limit: 1, before: null })
    const rest = await store.listAlerts({ limit: 2, before: first.next })
    expect([...first.found, ...rest.found].map(({ subject }) => subject)).toEqual(['three', 'two', 'one'])
    expect([rest.next, rest.refusing]).toEqual([null, null])
    expect(first.found[0]).toMatchObject({ toldAt: null, dueAt: expect.any(Number) })
    expect(rest.found[1]).toMatchObject({ toldState: 'firing', toldAt: expect.any(Number), dueAt: null })
    const refusing = { since: store.now(), channel: 'slack', problem: null, error: 'http 500' } as const
    await store.recordOperatorChannel(refusing)
    expect((await store.listAlerts({ limit: 1, before: null })).refusing).toEqual(refusing)
  })

  test('nobody claims within the gap, or before the time that a robot asked for', async () => {
    await using bench = await openStoreFixture(open)
    const at = bench.store.now()
    await bench.store.noteAlerts([exhausted(bench, 'one'), exhausted(bench, 'two')])
    const events = await claim(bench, 1)
    expect(await claim(bench, 1)).toEqual([])
    await bench.store.settleAlerts({ alerts: events, outcome: 'told', claimableAt: at + MINUTE })
    await bench.advance(GAP_MS)
    expect(await claim(bench, 1)).toEqual([])
    await bench.advance(MINUTE)
    expect(await claim(bench)).toMatchObject([{ subject: 'two' }])
  })

  test('nothing was told, once the clock was set back, for as long as that', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.noteAlerts([exhausted(bench)])
    await tell(bench)
    await bench.store.noteAlerts([exhausted(bench)])
    await bench.advance(-5 * HOUR)
    await bench.store.noteAlerts([low(bench)])
    expect(await tell(bench)).toMatchObject([{ condition: 'disk.low' }, { condition: 'message.exhausted', count: 2 }])
    expect(await tell(bench)).toEqual([])
  })

  test('nothing was told, once the clock was set back by less than an hour, for as long as that', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.noteAlerts([exhausted(bench), low(bench)])
    await bench.store.settleAlerts({ alerts: await claim(bench), outcome: 'untold', claimableAt: null })
    await bench.advance(-HOUR / 2)
    await bench.store.hastenAlerts()
    const told = await claim(bench)
    expect(told).toMatchObject([{ condition: 'disk.low' }, { condition: 'message.exhausted' }])
    // Each node does so, within a second: this one must not take what another has just claimed.
    await bench.store.hastenAlerts()
    expect(await claim(bench)).toEqual([])
  })

  test('of more than a thousand those of partners go first, and what concerns all is told first', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.noteAlerts([low(bench)])
    const many = Array.from({ length: MAX_ALERTS }, (_, n) => exhausted(bench, `partner_${n}`))
    expect((await bench.store.noteAlerts(many)).dropped).toEqual(['message.exhausted'])
    const events = await claim(bench, 2_000)
    expect(events).toHaveLength(MAX_ALERTS)
    expect(events[0]).toMatchObject({ condition: 'disk.low' })
  })

  test('of more than a thousand those go first of which nothing more is to be told', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.noteAlerts([low(bench)])
    await bench.store.settleAlerts({ alerts: await claim(bench), outcome: 'told', claimableAt: null })
    await bench.store.noteAlerts([{ ...low(bench), details: null }])
    await bench.advance(GAP_MS)
    await bench.store.settleAlerts({ alerts: await claim(bench), outcome: 'told', claimableAt: null })
    const many = Array.from({ length: MAX_ALERTS }, (_, n) => exhausted(bench, `partner_${n}`))
    expect((await bench.store.noteAlerts(many)).dropped).toEqual(['disk.low'])
  })

  test('that the channel refuses is known until it does not', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    expect((await store.stats()).refusingChannel).toBeNull()
    const refusing = { since: store.now(), channel: 'wecom', problem: 'key', error: 'errcode 93000' } as const
    await store.recordOperatorChannel(refusing)
    expect((await store.stats()).refusingChannel).toEqual(refusing)
    await store.recordOperatorChannel(null)
    expect((await store.stats()).refusingChannel).toBeNull()
  })
}
