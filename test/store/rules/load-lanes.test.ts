import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LanesQuestion, loadLanes } from '../../../src/store/rules/load-lanes.ts'
import { answer } from '../../../src/store/rules/questions.ts'
import { type DueLane, type Limits, shareSlots, sharesOf } from '../../../src/store/rules/share-slots.ts'

const shares = sharesOf(256)
/** What a deliverer of 256 slots asks for whose slots are all free. */
const ALL_FREE: Limits = {
  slots: 256,
  unsureSlots: shares.unsure,
  perHost: 16,
  prefetch: new Map(),
  perPartner: shares.perPartner,
  busyHosts: new Map(),
  busyPartners: new Map(),
  slow: { slots: shares.slow, first: shares.slowFirst, busyLanes: new Map() },
  unproven: {
    slots: shares.unproven,
    first: shares.unprovenFirst,
    perPartner: shares.unprovenPerPartner,
    busyPartners: new Map(),
  },
}

const tableOf = (lanes: readonly DueLane[]) => {
  const keyOf = ({ partnerId, slow, proven }: Pick<DueLane, 'partnerId' | 'slow' | 'proven'>) =>
    `${partnerId} ${slow} ${proven}`
  const table = Map.groupBy(
    lanes.toSorted((a, b) => a.dueAt - b.dueAt || a.id - b.id),
    keyOf,
  )
  const read = { lanes: 0, rounds: 0, kinds: new Set<string>() }
  const find = ({ partnerId, slow, proven, after, limit }: LanesQuestion): DueLane[] => {
    const all = table.get(keyOf({ partnerId, slow, proven })) ?? []
    const start = after === null ? 0 : all.findIndex(({ id }) => id === after.id) + 1
    const found = all.slice(start, start + limit)
    read.lanes += found.length
    read.kinds.add(slow ? 'slow' : proven ? 'proven' : 'unproven')
    return found
  }
  function* inRounds(claim: Limits, partnerIds: readonly string[]): ReturnType<typeof loadLanes> {
    const loading = loadLanes(claim, partnerIds)
    let step = loading.next()
    for (; !step.done; step = loading.next(yield step.value)) read.rounds++
    return step.value
  }
  const readLanes = (claim: Limits, partnerIds: readonly string[]): DueLane[] =>
    answer(inRounds(claim, partnerIds), find)
  return { partnerIds: [...new Set(lanes.map(({ partnerId }) => partnerId))].sort(), read, readLanes }
}
const shareLoaded = (claim: Limits, lanes: readonly DueLane[]) => {
  const { partnerIds, readLanes } = tableOf(lanes)
  return shareSlots(claim, readLanes(claim, partnerIds))
}

/** `count` lanes of each of `partners` partners. */
const population = (partners: number, count: number, of: (n: number) => Partial<DueLane>): DueLane[] =>
  Array.from({ length: partners * count }, (_, id) => ({
    ...{ id, partnerId: `prt_${id % partners}`, host: `h${id}.example`, dueAt: id },
    ...{ slow: false, proven: true, ...of(Math.floor(id / partners)) },
  }))

test('a claim read each due lane of 256 partners with 600 each, which took half a second: now a few for each slot', () => {
  const KINDS = [
    { slow: false, proven: true },
    { slow: false, proven: false },
    { slow: true, proven: false },
  ]
  const lanes = population(256, 600, n => KINDS[n % 3] ?? {})
  for (const slots of [256, 10, 1]) {
    const { partnerIds, read, readLanes } = tableOf(lanes)
    const claim = { ...ALL_FREE, slots }
    const shared = shareSlots(claim, readLanes(claim, partnerIds))
    expect(read.lanes).toBeLessThanOrEqual(3 * 3 * 256)
    expect(read.rounds).toBeLessThanOrEqual(3)
    expect(shared).toEqual(shareSlots(claim, lanes))
  }
})

test('lanes that have no slots are not read', () => {
  const lanes = [...population(2, 3, () => ({ slow: true, proven: false })), ...population(2, 3, () => ({}))]
  const kindsFor = (claim: Partial<Limits>) => {
    const { partnerIds, read, readLanes } = tableOf(lanes)
    readLanes({ ...ALL_FREE, ...claim }, partnerIds)
    return [...read.kinds]
  }
  expect(kindsFor({})).toEqual(['proven', 'unproven', 'slow'])
  expect(kindsFor({ unsureSlots: 0 })).toEqual(['proven'])
  expect(kindsFor({ slow: { ...ALL_FREE.slow, slots: 0 } })).toEqual(['proven', 'unproven'])
  expect(kindsFor({ unproven: { ...ALL_FREE.unproven, slots: 0 } })).toEqual(['proven', 'slow'])
})

test('the lanes of partners that have few slots are read, whoever has the oldest', () => {
  const many = population(1, 500, n => ({ partnerId: 'prt_many', host: `m${n}.example` }))
  const few = population(9, 1, () => ({ dueAt: 1_000 })).map(lane => ({ ...lane, id: lane.id + 1_000 }))
  const claim = { ...ALL_FREE, slots: 100, busyPartners: new Map([['prt_many', 150]]) }
  const shared = shareLoaded(claim, [...many, ...few])
  expect(shared).toEqual(shareSlots(claim, [...many, ...few]))
  expect(shared.filter(({ lane }) => lane.partnerId !== 'prt_many')).toHaveLength(9)
})

test('a new host is found behind hosts that have an attempt each already', () => {
  const lanes = population(4, 200, n => ({ proven: false, dueAt: n }))
  const busyHosts = new Map(lanes.filter(({ dueAt }) => dueAt < 150).map(({ host }) => [host, 1]))
  const shared = shareLoaded({ ...ALL_FREE, slots: 8, busyHosts }, lanes)
  expect(shared.map(({ lane }) => lane.dueAt)).toEqual([150, 150, 150, 150, 151, 151, 151, 151])
})

const lane = fc.record({
  partnerId: fc.constantFrom('prt_1', 'prt_2', 'prt_3'),
  dueAt: fc.nat(1_000),
  kind: fc.constantFrom('proven', 'unproven', 'slow'),
  host: fc.nat(20),
  isBusy: fc.boolean(),
})
const lanesOf = (
  given: { partnerId: string; dueAt: number; kind: string }[],
  hostOf: (n: number) => string,
): DueLane[] =>
  given.map(({ partnerId, dueAt, kind }, id) => ({
    ...{ id, partnerId, dueAt, host: hostOf(id) },
    ...{ slow: kind === 'slow', proven: kind === 'proven' },
  }))
const given = fc.array(lane, { minLength: 1, maxLength: 400, size: 'max' })
const slots = fc.integer({ min: 1, max: 30 })
const busy = fc
  .dictionary(fc.constantFrom('prt_1', 'prt_2', 'prt_3'), fc.nat(20))
  .map(entries => new Map(Object.entries(entries)))

test('of lanes at different hosts those that are read are shared as all would be', () => {
  fc.assert(
    fc.property(given, slots, fc.nat(30), busy, (some, free, unsureSlots, busyPartners) => {
      const lanes = lanesOf(some, n => `h${n}.example`)
      const busyHosts = new Map(lanes.filter((_, n) => some[n]?.isBusy).map(({ host }) => [host, 1]))
      const claim = { ...ALL_FREE, slots: free, unsureSlots, busyHosts, busyPartners }
      expect(shareLoaded(claim, lanes)).toEqual(shareSlots(claim, lanes))
    }),
  )
})

test('whatever is busy, something is taken where all lanes together would give something', () => {
  fc.assert(
    fc.property(given, slots, fc.array(fc.nat(20)), fc.integer({ min: 1, max: 3 }), (some, free, full, perHost) => {
      const lanes = lanesOf(some, n => `h${some[n]?.host}.example`)
      const busyHosts = new Map(full.map(n => [`h${n}.example`, perHost]))
      const claim = { ...ALL_FREE, slots: free, perHost, busyHosts }
      expect(shareLoaded(claim, lanes).length > 0).toBe(shareSlots(claim, lanes).length > 0)
    }),
  )
})
