import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DueLane, shareSlots, sharesOf } from '../../../src/store/rules/share-slots.ts'

const lane = fc.record<DueLane>({
  id: fc.nat(1_000),
  partnerId: fc.constantFrom('prt_1', 'prt_2', 'prt_3'),
  host: fc.constantFrom('a.example', 'b.example', 'c.example', 'd.example'),
  dueAt: fc.nat(100),
  slow: fc.boolean(),
  proven: fc.boolean(),
})
const lanes = fc.uniqueArray(lane, { selector: ({ id }) => id, maxLength: 30 })
const counts = (keys: string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.nat(6)).map(entries => new Map(Object.entries(entries)))
const PARTNERS = ['prt_1', 'prt_2', 'prt_3']
const HOSTS = ['a.example', 'b.example', 'c.example', 'd.example']
const claim = fc.record({
  slots: fc.nat(20),
  slowSlots: fc.nat(5),
  perHost: fc.integer({ min: 1, max: 5 }),
  prefetch: counts(HOSTS),
  perPartner: fc.integer({ min: 1, max: 9 }),
  busyHosts: counts(HOSTS),
  busyPartners: counts(PARTNERS),
  unproven: fc.record({ perPartner: fc.nat(4), busyPartners: counts(PARTNERS) }),
})
const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
  items.reduce((total, item) => total + of(item), 0)

test('keeps within the slots, and within what a host, a partner and the slow lanes may have', () => {
  fc.assert(
    fc.property(claim, lanes, (limits, due) => {
      const shares = shareSlots(limits, due)
      const taken = (is: (lane: DueLane) => boolean) =>
        sum(
          shares.filter(({ lane }) => is(lane)),
          ({ take }) => take,
        )
      expect(shares.every(({ take }) => take > 0)).toBe(true)
      expect(taken(() => true)).toBeLessThanOrEqual(limits.slots)
      expect(taken(({ slow }) => slow)).toBeLessThanOrEqual(limits.slowSlots)
      for (const host of HOSTS) {
        const most = limits.perHost + (limits.prefetch.get(host) ?? 0)
        const room = Math.max(0, most - (limits.busyHosts.get(host) ?? 0))
        expect(taken(one => one.host === host)).toBeLessThanOrEqual(room)
      }
      for (const partnerId of PARTNERS) {
        const room = Math.max(0, limits.perPartner - (limits.busyPartners.get(partnerId) ?? 0))
        expect(taken(one => one.partnerId === partnerId)).toBeLessThanOrEqual(room)
      }
      for (const share of shares) if (share.lane.slow) expect(share.take).toBe(1)
    }),
  )
})

test('leaves slow lanes and unproven ones a quarter of all slots, and a partner three quarters', () => {
  expect(sharesOf(256)).toEqual({ slow: 64, perPartner: 192, unproven: 64 })
  expect(sharesOf(1)).toEqual({ slow: 1, perPartner: 1, unproven: 1 })
})

test('lets a new host try once, however many of its partner hang', () => {
  const limits = {
    slots: 10,
    slowSlots: 0,
    perHost: 4,
    prefetch: new Map(),
    perPartner: 10,
    busyHosts: new Map([['a.example', 4]]),
    busyPartners: new Map([['prt_1', 4]]),
    unproven: { perPartner: 2, busyPartners: new Map([['prt_1', 4]]) },
  }
  const due = HOSTS.map((host, id) => ({ id, partnerId: 'prt_1', host, dueAt: 0, slow: false, proven: false }))
  expect(shareSlots(limits, due).map(({ lane, take }) => [lane.host, take])).toEqual([
    ['b.example', 1],
    ['c.example', 1],
    ['d.example', 1],
  ])
})
