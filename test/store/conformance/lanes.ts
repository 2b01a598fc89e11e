import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { ClaimedMessage } from '../../../src/store/messages/message.ts'
import { sharesOf } from '../../../src/store/messages/share-slots.ts'
import { CLAIM_ALL, first, type OpenStore, openStoreFixture, SUCCESS } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** So many messages for each host, all due. */
const fill = async (bench: StoreFixture, hosts: Record<string, number>, partnerId = bench.partnerId) => {
  const items = Object.entries(hosts).flatMap(([host, count]) =>
    Array.from({ length: count }, () => bench.newRegistration({ partnerId, callbackUrl: `https://${host}/hook` })),
  )
  await bench.store.register(items)
  while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
}
const hostsOf = (messages: readonly ClaimedMessage[]) => {
  const counts: Record<string, number> = {}
  for (const { host } of messages) counts[host] = (counts[host] ?? 0) + 1
  return counts
}
/** Makes the host of the bench's partner a slow one. */
const slowDown = async (bench: StoreFixture, host: string, partnerId = bench.partnerId) => {
  await fill(bench, { [host]: 3 }, partnerId)
  await bench.deliver(null)
  await bench.advance(2 * MINUTE)
}

const SHARES = sharesOf(CLAIM_ALL.concurrency)
const NO_SLOW = new Map([[0, SHARES.slow]])

export const describeLanes = (open: OpenStore): void => {
  test('a host gets no more than its share, those in flight counted', async () => {
    await using bench = await openStoreFixture(open)
    await fill(bench, { 'a.example': 9, 'b.example': 2 })
    const taken = await bench.claimMessages({ perHost: 4, busyHosts: new Map([['a.example', 1]]) })
    expect(hostsOf(taken)).toEqual({ 'a.example': 3, 'b.example': 2 })
    expect(await bench.claimMessages({ perHost: 4, busyHosts: new Map([['a.example', 4]]) })).toEqual([])
  })

  describe('hosts that have not yet let an attempt end in time', () => {
    const allBut = (free: number, { partnerId }: StoreFixture) =>
      new Map([[partnerId, SHARES.unprovenPerPartner - free]])

    test('share what a partner has for them, and have all of their own once one has', async () => {
      await using bench = await openStoreFixture(open)
      await fill(bench, { 'new.example': 9 })
      const taken = await bench.claimMessages({ busyUnproven: allBut(3, bench) })
      expect(hostsOf(taken)).toEqual({ 'new.example': 3 })
      const busyHosts = new Map([['new.example', 3]])
      expect(await bench.claimMessages({ busyUnproven: allBut(0, bench), busyHosts })).toEqual([])
      await bench.store.settleMessages([bench.received(first(taken), 500)])
      expect(hostsOf(await bench.claimMessages({ busyUnproven: allBut(0, bench) }))).toEqual({ 'new.example': 6 })
    })

    test('do not hide a proven lane, however many of them are due before it and may not go', async () => {
      await using bench = await openStoreFixture(open)
      await fill(bench, { 'good.example': 1 })
      await bench.deliver(200)
      await fill(bench, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`new${n}.example`, 1])))
      await bench.advance(MINUTE)
      await fill(bench, { 'good.example': 2 })
      const busyUnproven = new Map([['another', SHARES.unproven]])
      expect(hostsOf(await bench.claimMessages({ slots: 2, busyUnproven }))).toEqual({ 'good.example': 2 })
    })
  })

  test('a partner gets no more than its share, those in flight counted', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    await fill(bench, { 'a.example': 3, 'b.example': 3, 'c.example': 3 })
    await fill(bench, { 'd.example': 2 }, other)
    const allBut = (free: number) => new Map([[bench.partnerId, SHARES.perPartner - free]])
    const taken = await bench.claimMessages({ busyPartners: allBut(3) })
    const countOf = (partnerId: string) => taken.filter(message => message.partnerId === partnerId).length
    expect([countOf(bench.partnerId), countOf(other)]).toEqual([3, 2])
    expect(await bench.claimMessages({ busyPartners: allBut(0) })).toEqual([])
  })

  test('a host that let three attempts run out of time gets one slot at a time, of the slow ones', async () => {
    await using bench = await openStoreFixture(open)
    await slowDown(bench, 'slow.example')
    await fill(bench, { 'good.example': 5 })
    expect(hostsOf(await bench.claimMessages({ busySlow: NO_SLOW }))).toEqual({ 'good.example': 5 })
    const taken = await bench.claimMessages()
    expect(hostsOf(taken)).toEqual({ 'slow.example': 1 })
    expect(taken[0]).toMatchObject({ slow: true })
    expect(await bench.claimMessages({ busySlow: new Map([[first(taken).laneId, 1]]) })).toEqual([])
  })

  test('a slow host of one partner is not another partner’s fault', async () => {
    await using bench = await openStoreFixture(open)
    await slowDown(bench, 'a.example')
    const other = await bench.addPartner()
    await fill(bench, { 'a.example': 2 }, other)
    const taken = await bench.claimMessages({ busySlow: NO_SLOW })
    expect(taken.map(message => message.partnerId)).toEqual([other, other])
  })

  test('a host with a long queue, and a partner that has its whole share, keep no later one waiting', async () => {
    await using bench = await openStoreFixture(open)
    await fill(bench, { 'a.example': 20 })
    await bench.advance(MINUTE)
    await fill(bench, { 'b.example': 1 })
    const busyHosts = new Map([['a.example', 4]])
    expect(hostsOf(await bench.claimMessages({ slots: 1, perHost: 4, busyHosts }))).toEqual({ 'b.example': 1 })
    await fill(bench, { 'c.example': 1 }, await bench.addPartner())
    const busyPartners = new Map([[bench.partnerId, SHARES.perPartner]])
    const taken = await bench.claimMessages({ slots: 1, busyPartners })
    expect(hostsOf(taken)).toEqual({ 'c.example': 1 })
  })

  test('looks at everybody in turn', { timeout: 60_000 }, async () => {
    await using bench = await openStoreFixture(open)
    const partnerIds = await bench.addPartners(300)
    await bench.store.register(
      partnerIds.map(partnerId => bench.newRegistration({ partnerId, callbackUrl: 'https://shared.example/hook' })),
    )
    while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
    await bench.advance(MINUTE)
    const seen = new Set<string>()
    for (let round = 0; round < 10; round++)
      for (const message of await bench.claimMessages({ slots: 100, perHost: 1_000 })) seen.add(message.partnerId)
    expect(seen.size).toBe(300)
  })

  test('hands out at once what is due behind many partners that have only retries for later', {
    timeout: 60_000,
  }, async () => {
    await using bench = await openStoreFixture(open)
    // No 256 partners in a row have both the first and the one in the middle.
    const partnerIds = await bench.addPartners(520)
    const registerFor = (ids: readonly string[]) =>
      bench.store.register(ids.map(partnerId => bench.newRegistration({ partnerId, idcardid: bench.newId('s') })))
    await registerFor(partnerIds)
    while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
    for (let failed = 0; failed < partnerIds.length; ) failed += await bench.deliver(500)
    const [one = '', ...others] = partnerIds.toSorted()
    const disabled = others.slice(0, 70)
    const both = [one, others[259] ?? '']
    await registerFor(disabled)
    while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
    for (const id of disabled) await bench.store.changePartner(id, { disabled: true })
    await registerFor(both)
    await bench.poll(SUCCESS)
    expect((await bench.claimMessages()).map(({ partnerId }) => partnerId).sort()).toEqual(both)
  })

  test('all of a long queue goes out in the end, the longest due first', async () => {
    await using bench = await openStoreFixture(open)
    await fill(bench, { 'a.example': 10 })
    await bench.advance(MINUTE)
    await fill(bench, { 'a.example': 10, 'b.example': 5 })
    const seqs: number[] = []
    for (let round = 0; round < 20; round++) {
      const messages = await bench.claimMessages({ slots: 3 })
      seqs.push(...messages.filter(message => message.host === 'a.example').map(message => message.seq))
      await bench.store.settleMessages(messages.map(message => bench.received(message, 200)))
    }
    expect(seqs).toHaveLength(20)
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    await bench.advance(HOUR)
    expect((await bench.claimMessagesWith()).nextAt).toBeNull()
  })
}
