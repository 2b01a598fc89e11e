import { describe, expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { ClaimedMessage } from '../../../src/store/messages/message.ts'
import { sharesOf } from '../../../src/store/messages/share-slots.ts'
import { CLAIM_ALL, first, type StoreFixture, SUCCESS } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** So many messages for each host, all due. */
const fill = async (scene: StoreFixture, hosts: Record<string, number>, partnerId = scene.partnerId) => {
  const items = Object.entries(hosts).flatMap(([host, count]) =>
    Array.from({ length: count }, () => scene.newRegistration({ partnerId, callbackUrl: `https://${host}/hook` })),
  )
  await scene.store.register(items)
  while ((await scene.poll(SUCCESS)) > 0) await scene.advance(100)
}
const hostsOf = (messages: readonly ClaimedMessage[]) => {
  const counts: Record<string, number> = {}
  for (const { host } of messages) counts[host] = (counts[host] ?? 0) + 1
  return counts
}
/** Makes the host of the scene's partner a slow one. */
const slowDown = async (scene: StoreFixture, host: string, partnerId = scene.partnerId) => {
  await fill(scene, { [host]: 3 }, partnerId)
  await scene.deliver(null)
  await scene.advance(2 * MINUTE)
}

const SHARES = sharesOf(CLAIM_ALL.concurrency)
const NO_SLOW = new Map([[0, SHARES.slow]])

export const describeLanes = (test: StoreTest): void => {
  test('a host gets no more than its share, in flight ones counted', async ({ scene }) => {
    await fill(scene, { 'a.example': 9, 'b.example': 2 })
    const taken = await scene.claimMessages({ perHost: 4, busyHosts: new Map([['a.example', 1]]) })
    expect(hostsOf(taken)).toEqual({ 'a.example': 3, 'b.example': 2 })
    expect(await scene.claimMessages({ perHost: 4, busyHosts: new Map([['a.example', 4]]) })).toEqual([])
  })

  describe('hosts that have not yet let an attempt end in time', () => {
    const allBut = (free: number, { partnerId }: StoreFixture) =>
      new Map([[partnerId, SHARES.unprovenPerPartner - free]])

    test('share their partner’s slots for them, and get a full share after one answer', async ({ scene, store }) => {
      await fill(scene, { 'new.example': 9 })
      const taken = await scene.claimMessages({ busyUnproven: allBut(3, scene) })
      expect(hostsOf(taken)).toEqual({ 'new.example': 3 })
      const busyHosts = new Map([['new.example', 3]])
      expect(await scene.claimMessages({ busyUnproven: allBut(0, scene), busyHosts })).toEqual([])
      await store.settleMessages([scene.received(first(taken), 500)])
      expect(hostsOf(await scene.claimMessages({ busyUnproven: allBut(0, scene) }))).toEqual({ 'new.example': 6 })
    })

    test('do not hide a proven lane, however many of them are due before it and may not go', async ({ scene }) => {
      await fill(scene, { 'good.example': 1 })
      await scene.deliver(200)
      await fill(scene, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`new${n}.example`, 1])))
      await scene.advance(MINUTE)
      await fill(scene, { 'good.example': 2 })
      const busyUnproven = new Map([['another', SHARES.unproven]])
      expect(hostsOf(await scene.claimMessages({ slots: 2, busyUnproven }))).toEqual({ 'good.example': 2 })
    })
  })

  test('a partner gets no more than its share, in flight ones counted', async ({ scene }) => {
    const other = await scene.addPartner()
    await fill(scene, { 'a.example': 3, 'b.example': 3, 'c.example': 3 })
    await fill(scene, { 'd.example': 2 }, other)
    const allBut = (free: number) => new Map([[scene.partnerId, SHARES.perPartner - free]])
    const taken = await scene.claimMessages({ busyPartners: allBut(3) })
    const countOf = (partnerId: string) => taken.filter(message => message.partnerId === partnerId).length
    expect([countOf(scene.partnerId), countOf(other)]).toEqual([3, 2])
    expect(await scene.claimMessages({ busyPartners: allBut(0) })).toEqual([])
  })

  test('a host that let three attempts run out of time gets one slot at a time, of the slow ones', async ({
    scene,
  }) => {
    await slowDown(scene, 'slow.example')
    await fill(scene, { 'good.example': 5 })
    expect(hostsOf(await scene.claimMessages({ busySlow: NO_SLOW }))).toEqual({ 'good.example': 5 })
    const taken = await scene.claimMessages()
    expect(hostsOf(taken)).toEqual({ 'slow.example': 1 })
    expect(taken[0]).toMatchObject({ slow: true })
    expect(await scene.claimMessages({ busySlow: new Map([[first(taken).laneId, 1]]) })).toEqual([])
  })

  test('a slow host of one partner is not another partner’s fault', async ({ scene }) => {
    await slowDown(scene, 'a.example')
    const other = await scene.addPartner()
    await fill(scene, { 'a.example': 2 }, other)
    const taken = await scene.claimMessages({ busySlow: NO_SLOW })
    expect(taken.map(message => message.partnerId)).toEqual([other, other])
  })

  test('a host with a long queue, and a partner that has its whole share, keep no later one waiting', async ({
    scene,
  }) => {
    await fill(scene, { 'a.example': 20 })
    await scene.advance(MINUTE)
    await fill(scene, { 'b.example': 1 })
    const busyHosts = new Map([['a.example', 4]])
    expect(hostsOf(await scene.claimMessages({ slots: 1, perHost: 4, busyHosts }))).toEqual({ 'b.example': 1 })
    await fill(scene, { 'c.example': 1 }, await scene.addPartner())
    const busyPartners = new Map([[scene.partnerId, SHARES.perPartner]])
    const taken = await scene.claimMessages({ slots: 1, busyPartners })
    expect(hostsOf(taken)).toEqual({ 'c.example': 1 })
  })

  test('looks at everybody in turn', { timeout: 60_000 }, async ({ scene, store }) => {
    const partnerIds = await scene.addPartners(300)
    await store.register(
      partnerIds.map(partnerId => scene.newRegistration({ partnerId, callbackUrl: 'https://shared.example/hook' })),
    )
    while ((await scene.poll(SUCCESS)) > 0) await scene.advance(100)
    await scene.advance(MINUTE)
    const seen = new Set<string>()
    for (let round = 0; round < 10; round++)
      for (const message of await scene.claimMessages({ slots: 100, perHost: 1_000 })) seen.add(message.partnerId)
    expect(seen.size).toBe(300)
  })

  test('hands out due webhooks at once behind many partners with only later retries', {
    timeout: 60_000,
  }, async ({ scene, store }) => {
    // No 256 partners in a row have both the first and the one in the middle.
    const partnerIds = await scene.addPartners(520)
    const registerFor = (ids: readonly string[]) =>
      store.register(ids.map(partnerId => scene.newRegistration({ partnerId, idcardid: scene.newId('s') })))
    await registerFor(partnerIds)
    while ((await scene.poll(SUCCESS)) > 0) await scene.advance(100)
    for (let failed = 0; failed < partnerIds.length; ) failed += await scene.deliver(500)
    const [one = '', ...others] = partnerIds.toSorted()
    const disabled = others.slice(0, 70)
    const both = [one, others[259] ?? '']
    await registerFor(disabled)
    while ((await scene.poll(SUCCESS)) > 0) await scene.advance(100)
    for (const id of disabled) await store.changePartner(id, { disabled: true })
    await registerFor(both)
    await scene.poll(SUCCESS)
    expect((await scene.claimMessages()).map(({ partnerId }) => partnerId).sort()).toEqual(both)
  })

  test('all of a long queue goes out in the end, the longest due first', async ({ scene, store }) => {
    await fill(scene, { 'a.example': 10 })
    await scene.advance(MINUTE)
    await fill(scene, { 'a.example': 10, 'b.example': 5 })
    const seqs: number[] = []
    for (let round = 0; round < 20; round++) {
      const messages = await scene.claimMessages({ slots: 3 })
      seqs.push(...messages.filter(message => message.host === 'a.example').map(message => message.seq))
      await store.settleMessages(messages.map(message => scene.received(message, 200)))
    }
    expect(seqs).toHaveLength(20)
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    await scene.advance(HOUR)
    expect((await scene.claimMessagesWith()).nextAt).toBeNull()
  })
}
