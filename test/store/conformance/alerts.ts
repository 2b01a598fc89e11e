import { expect } from 'vitest'
import { MAX_ALERTS, type Observation } from '../../../src/core/alert.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const LEASE_MS = 30 * SECOND
const GAP_MS = 4 * SECOND
const claim = ({ store }: StoreFixture, limit = 100) => store.claimAlerts({ limit, leaseMs: LEASE_MS, gapMs: GAP_MS })

const exhausted = ({ store }: StoreFixture, subject = 'partner_1'): Observation => ({
  ...{ condition: 'message.exhausted', subject, at: store.now(), adds: 1 },
  details: { partnerId: subject, host: 'partner.example', error: 'timeout' },
})
const low = ({ store }: StoreFixture): Observation => ({
  ...{ condition: 'disk.low', subject: 'disk', at: store.now(), adds: 0 },
  details: { code: 'disk_low', since: null, freeBytes: 1 },
})
const room = (scene: StoreFixture): Observation => ({ ...low(scene), details: null }) as Observation

/** Tells all that is due, and gives what was told. */
const tell = async (scene: StoreFixture) => {
  const events = await claim(scene)
  await scene.store.settleAlerts({ alerts: events, outcome: 'told', claimableAt: null })
  await scene.advance(GAP_MS)
  return events.map(({ condition, subject, state, count, since }) => ({ condition, subject, state, count, since }))
}

export const describeAlerts = (test: StoreTest): void => {
  test('are sent once, and their count after an hour', async ({ scene, store }) => {
    const event = { condition: 'message.exhausted', subject: 'partner_1', state: 'firing', since: store.now() }
    expect(await store.noteAlerts([exhausted(scene)])).toEqual({ merged: [], dropped: [] })
    expect(await tell(scene)).toEqual([{ ...event, count: 1 }])
    const again = await store.noteAlerts([exhausted(scene), exhausted(scene)])
    expect(again.merged).toEqual(['message.exhausted', 'message.exhausted'])
    expect(await tell(scene)).toEqual([])
    await scene.advance(HOUR)
    expect(await tell(scene)).toEqual([{ ...event, count: 3 }])
  })

  test('fire until they are over, and the end is sent at once', async ({ scene, store }) => {
    await store.noteAlerts([low(scene)])
    await tell(scene)
    expect(await store.firingAlerts()).toMatchObject([{ condition: 'disk.low', subject: 'disk' }])
    await store.noteAlerts([low(scene)])
    await store.noteAlerts([room(scene)])
    expect(await store.firingAlerts()).toEqual([])
    expect(await tell(scene)).toMatchObject([{ condition: 'disk.low', state: 'resolved' }])
    await store.noteAlerts([room(scene)])
    expect(await tell(scene)).toEqual([])
  })

  test('are listed as sent or held back, the last noted first', async ({ scene, store }) => {
    await store.noteAlerts([exhausted(scene, 'one')])
    await tell(scene)
    await store.noteAlerts([exhausted(scene, 'two'), exhausted(scene, 'three')])
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

  test('nobody claims within the gap, or before the time that a robot asked for', async ({ scene, store }) => {
    const at = store.now()
    await store.noteAlerts([exhausted(scene, 'one'), exhausted(scene, 'two')])
    const events = await claim(scene, 1)
    expect(await claim(scene, 1)).toEqual([])
    await store.settleAlerts({ alerts: events, outcome: 'told', claimableAt: at + MINUTE })
    await scene.advance(GAP_MS)
    expect(await claim(scene, 1)).toEqual([])
    await scene.advance(MINUTE)
    expect(await claim(scene)).toMatchObject([{ subject: 'two' }])
  })

  test('were not sent after the clock was set back, for as long as that', async ({ scene, store }) => {
    await store.noteAlerts([exhausted(scene)])
    await tell(scene)
    await store.noteAlerts([exhausted(scene)])
    await scene.advance(-5 * HOUR)
    await store.noteAlerts([low(scene)])
    expect(await tell(scene)).toMatchObject([{ condition: 'disk.low' }, { condition: 'message.exhausted', count: 2 }])
    expect(await tell(scene)).toEqual([])
  })

  test('were not sent after the clock was set back by less than an hour, for as long as that', async ({ scene }) => {
    await scene.store.noteAlerts([exhausted(scene), low(scene)])
    await scene.store.settleAlerts({ alerts: await claim(scene), outcome: 'untold', claimableAt: null })
    await scene.advance(-HOUR / 2)
    await scene.store.hastenAlerts()
    const told = await claim(scene)
    expect(told).toMatchObject([{ condition: 'disk.low' }, { condition: 'message.exhausted' }])
    // Each node does so, within a second: this one must not take what another has just claimed.
    await scene.store.hastenAlerts()
    expect(await claim(scene)).toEqual([])
  })

  test('beyond a thousand, alerts of partners are dropped first, and global ones sent first', async ({ scene }) => {
    await scene.store.noteAlerts([low(scene)])
    const many = Array.from({ length: MAX_ALERTS }, (_, n) => exhausted(scene, `partner_${n}`))
    expect((await scene.store.noteAlerts(many)).dropped).toEqual(['message.exhausted'])
    const events = await claim(scene, 2_000)
    expect(events).toHaveLength(MAX_ALERTS)
    expect(events[0]).toMatchObject({ condition: 'disk.low' })
  })

  test('beyond a thousand, alerts with nothing left to send are dropped first', async ({ scene, store }) => {
    await store.noteAlerts([low(scene)])
    await store.settleAlerts({ alerts: await claim(scene), outcome: 'told', claimableAt: null })
    await store.noteAlerts([{ ...low(scene), details: null }])
    await scene.advance(GAP_MS)
    await store.settleAlerts({ alerts: await claim(scene), outcome: 'told', claimableAt: null })
    const many = Array.from({ length: MAX_ALERTS }, (_, n) => exhausted(scene, `partner_${n}`))
    expect((await store.noteAlerts(many)).dropped).toEqual(['disk.low'])
  })

  test('that the channel refuses is known until it does not', async ({ store }) => {
    expect((await store.stats()).refusingChannel).toBeNull()
    const refusing = { since: store.now(), channel: 'wecom', problem: 'key', error: 'errcode 93000' } as const
    await store.recordOperatorChannel(refusing)
    expect((await store.stats()).refusingChannel).toEqual(refusing)
    await store.recordOperatorChannel(null)
    expect((await store.stats()).refusingChannel).toBeNull()
  })
}
