import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DueLane, type Limits, lanesFor, shareSlots, sharesOf } from '../../../src/store/messages/share-slots.ts'

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
  concurrency: fc.integer({ min: 1, max: 40 }),
  slots: fc.nat(20),
  perHost: fc.integer({ min: 1, max: 5 }),
  prefetch: counts(HOSTS),
  busyHosts: counts(HOSTS),
  busyPartners: counts(PARTNERS),
  busySlow: fc.array(fc.nat(1_000), { maxLength: 5 }).map(ids => new Map(ids.map(id => [id, 1]))),
  busyUnproven: counts(PARTNERS),
})
const total = (counts: ReadonlyMap<unknown, number>) => sum([...counts.values()], count => count)
const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
  items.reduce((total, item) => total + of(item), 0)

test('keeps within the slots, and the limits of a host, a partner and the slow lanes', () => {
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
      const all = sharesOf(limits.concurrency)
      const [slow, unproven] = [total(limits.busySlow), total(limits.busyUnproven)]
      expect(taken(({ slow }) => slow)).toBeLessThanOrEqual(Math.max(0, all.slow - slow))
      expect(taken(({ slow, proven }) => !slow && !proven)).toBeLessThanOrEqual(Math.max(0, all.unproven - unproven))
      expect(taken(({ slow, proven }) => slow || !proven)).toBeLessThanOrEqual(
        Math.max(0, all.shared - slow - unproven),
      )
      expect(new Set(shares.map(({ lane }) => lane)).size).toBe(shares.length)
      for (const host of HOSTS) {
        const most = limits.perHost + (limits.prefetch.get(host) ?? 0)
        const room = Math.max(0, most - (limits.busyHosts.get(host) ?? 0))
        expect(taken(one => one.host === host)).toBeLessThanOrEqual(room)
      }
      for (const partnerId of PARTNERS) {
        const room = Math.max(0, all.perPartner - (limits.busyPartners.get(partnerId) ?? 0))
        expect(taken(one => one.partnerId === partnerId)).toBeLessThanOrEqual(room)
      }
      for (const { lane, take } of shares) {
        if (!lane.slow) continue
        expect(take).toBe(1)
        expect(limits.busySlow.has(lane.id)).toBe(false)
      }
    }),
  )
})

/** What a deliverer of 256 slots asks for whose slots are all free. */
const ALL_FREE: Limits = {
  concurrency: 256,
  slots: 256,
  perHost: 16,
  prefetch: new Map(),
  busyHosts: new Map(),
  busyPartners: new Map(),
  busySlow: new Map(),
  busyUnproven: new Map(),
}
const countBy = <Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key) => {
  const counts = new Map<Key, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
let lastId = 0
const laneOf = (more: Partial<DueLane> = {}): DueLane => {
  const id = ++lastId
  return { id, partnerId: 'prt_1', host: `h${id}.example`, dueAt: 0, slow: false, proven: false, ...more }
}
const lanesOf = (count: number, more: Partial<DueLane>) => Array.from({ length: count }, () => laneOf(more))

test('leaves one half to slow lanes and unproven ones of all partners, some of it to slow ones, three quarters to a partner', () => {
  expect(sharesOf(256)).toEqual({
    perPartner: 192,
    shared: 128,
    slow: 64,
    slowFirst: 16,
    unproven: 112,
    unprovenFirst: 16,
    unprovenPerPartner: 64,
  })
  expect(sharesOf(1)).toMatchObject({ perPartner: 1, shared: 1, slow: 1, unproven: 1, unprovenFirst: 0 })
})

test('a proven lane with a long queue does not take each slot that becomes free from a new host, nor the other way round', () => {
  const [proven, fresh] = [laneOf({ proven: true, dueAt: 0 }), laneOf({ dueAt: 9 })]
  expect(shareSlots({ ...ALL_FREE, slots: 1 }, [proven, fresh])).toEqual([{ lane: fresh, take: 1 }])
  expect(shareSlots({ ...ALL_FREE, slots: 2 }, [proven, ...lanesOf(5, {})])).toContainEqual({ lane: proven, take: 1 })
})

test('slow lanes have a minimum, however long the queues of the others are', () => {
  const slow = laneOf({ slow: true, dueAt: 99 })
  const others = [laneOf({ proven: true }), laneOf()]
  expect(shareSlots({ ...ALL_FREE, slots: 1 }, [...others, slow])).toEqual([{ lane: slow, take: 1 }])
  const rest = { ...ALL_FREE, slots: 1, busySlow: new Map([[0, 16]]) }
  expect(shareSlots(rest, [...others, slow])).not.toContainEqual({ lane: slow, take: 1 })
})

test('a slow lane on a host that others keep busy still gets a slot', () => {
  const [slow, quick] = [
    laneOf({ partnerId: 'prt_1', host: 'shared.example', slow: true }),
    laneOf({ partnerId: 'prt_2', host: 'shared.example', proven: true }),
  ]
  const busyHosts = new Map([['shared.example', 15]])
  expect(shareSlots({ ...ALL_FREE, busyHosts }, [quick, slow])).toEqual([{ lane: slow, take: 1 }])
  const busySlow = new Map([[slow.id, 1]])
  expect(shareSlots({ ...ALL_FREE, busyHosts, busySlow }, [quick, slow])).toEqual([{ lane: quick, take: 1 }])
})

/** What the deliverer asks for while these lanes are in flight, each with one attempt. */
const whileBusy = (busy: readonly DueLane[]): Limits => {
  const countOf = <Key>(is: (lane: DueLane) => boolean, keyOf: (lane: DueLane) => Key) =>
    countBy(busy.filter(is), keyOf)
  return {
    ...ALL_FREE,
    slots: 256 - busy.length,
    busyHosts: countBy(busy, ({ host }) => host),
    busyPartners: countBy(busy, ({ partnerId }) => partnerId),
    busySlow: countOf(
      ({ slow }) => slow,
      ({ id }) => id,
    ),
    busyUnproven: countOf(
      ({ slow, proven }) => !slow && !proven,
      ({ partnerId }) => partnerId,
    ),
  }
}

/** What is in flight when claims have given out all that they give, and nothing has ended. */
const fillUp = (lanes: readonly DueLane[]): DueLane[] => {
  const busy: DueLane[] = []
  for (let claims = 0; claims < 20; claims++) {
    const shares = shareSlots(
      whileBusy(busy),
      lanes.filter(lane => !busy.includes(lane)),
    )
    if (shares.length === 0) break
    busy.push(...shares.flatMap(({ lane, take }) => Array<DueLane>(take).fill(lane)))
  }
  return busy
}

test('behind hanging hosts, proven lanes keep half, slow ones a sixteenth, sixteen new partners a try each', () => {
  const partners = fc.integer({ min: 1, max: 8 })
  fc.assert(
    fc.property(partners, fc.nat(200), fc.nat(100), (count, unprovenEach, slowEach) => {
      const hanging = Array.from({ length: count }, (_, n) => `prt_${n}`).flatMap(partnerId => [
        ...lanesOf(unprovenEach, { partnerId }),
        ...lanesOf(slowEach, { partnerId, slow: true }),
      ])
      const busy = fillUp(hanging)
      expect(busy.length).toBeLessThanOrEqual(128)
      expect(busy.filter(({ slow }) => slow).length).toBeGreaterThanOrEqual(Math.min(16, count * slowEach))
      const newcomers = Array.from({ length: 16 - count }, (_, n) => laneOf({ partnerId: `new_${n}` }))
      expect(shareSlots(whileBusy(busy), newcomers)).toHaveLength(newcomers.length)
    }),
    { numRuns: 50 },
  )
})

/** What is shared of the lanes that a claim reads. */
const shareRead = (claim: Limits, all: readonly DueLane[]) => {
  const inOrder = all.toSorted((a, b) => a.dueAt - b.dueAt || a.id - b.id)
  const partnerIds = [...new Set(all.map(one => one.partnerId))]
  const read = lanesFor(claim, partnerIds).flatMap(({ partnerId, slow, proven, max }) =>
    inOrder.filter(one => one.partnerId === partnerId && one.slow === slow && one.proven === proven).slice(0, max),
  )
  return shareSlots(claim, read)
}

test('behind any load, the lanes read give something wherever all lanes would', () => {
  fc.assert(
    fc.property(claim, lanes, (claim, some) => {
      // A slow lane is never proven.
      const all = some.map(one => ({ ...one, proven: one.proven && !one.slow }))
      expect(shareRead(claim, all).length > 0).toBe(shareSlots(claim, all).length > 0)
    }),
  )
})
