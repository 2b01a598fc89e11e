import type { MessageClaimRequest } from './message.ts'

/** A lane with something to send. */
export interface DueLane {
  id: number
  partnerId: string
  host: string
  dueAt: number
  slow: boolean
  proven: boolean
}

/**
 * Upper bounds of slots in use, per partner and per kind of lane.
 *
 * Slow and unproven lanes of all partners share one half, `shared`, so proven lanes always have the other. `slowFirst`
 * of it is reserved for slow lanes, which may use up to `slow`, one slot each.
 *
 * A partner may use `unprovenPerPartner` for unproven lanes, but each of their hosts may try once while `unproven` has
 * slots left, so that a new host can show that it does not hang. `unprovenFirst` of these are reserved for partners
 * with no unproven lane in use, one slot each, so that a new partner does not wait for the hanging hosts of others.
 */
export const sharesOf = (slots: number) => {
  const shared = Math.max(1, Math.floor(slots / 2))
  const sixteenth = Math.ceil(slots / 16)
  const unproven = Math.max(1, shared - sixteenth)
  return {
    perPartner: Math.ceil((slots * 3) / 4),
    shared,
    slow: Math.min(shared, Math.ceil(slots / 4)),
    slowFirst: sixteenth,
    unproven,
    unprovenFirst: Math.min(sixteenth, unproven - 1),
    unprovenPerPartner: Math.ceil(slots / 4),
  }
}

export type Limits = Omit<MessageClaimRequest, 'leaseMs'>

/** The shares minus the slots in use. */
const leftOf = ({ concurrency, busySlow, busyUnproven }: Limits) => {
  const shares = sharesOf(concurrency)
  const slow = sum(busySlow)
  const unproven = sum(busyUnproven)
  return {
    ...shares,
    shared: Math.max(0, shares.shared - slow - unproven),
    slow: Math.max(0, shares.slow - slow),
    slowFirst: Math.max(0, shares.slowFirst - slow),
    unproven: Math.max(0, shares.unproven - unproven),
  }
}

/** A window of due lanes of a partner and a kind: at most `max`, the longest due first. */
interface LaneWindow extends Pick<DueLane, 'partnerId' | 'slow' | 'proven'> {
  max: number
}

/** Maximum number of lanes read per partner and kind, beyond lanes that get nothing because their host is busy. */
const WINDOW = 64

/** Returns the lanes to read for `shareSlots`: a window per partner and kind that has slots left. */
export const lanesFor = (claim: Limits, partnerIds: readonly string[]): LaneWindow[] => {
  const { slots, busyHosts, busyPartners } = claim
  const { perPartner, shared, slow, unproven } = leftOf(claim)
  // A partner that uses its whole share gets nothing.
  const mayHaveMore = partnerIds.filter(id => countOf(busyPartners, id) < perPartner)
  const kinds = [
    { slow: false, proven: true, free: slots },
    { slow: false, proven: false, free: Math.min(slots, shared, unproven) },
    // A slow lane is never proven.
    { slow: true, proven: false, free: Math.min(slots, shared, slow) },
  ]
  return kinds.flatMap(({ free, ...kind }) =>
    free <= 0
      ? []
      : mayHaveMore.map(partnerId => ({ ...kind, partnerId, max: Math.min(free, WINDOW) + busyHosts.size })),
  )
}

/** A lane and the number of messages to take from it. */
export interface Share {
  lane: DueLane
  take: number
}

/**
 * Shares the free slots among lanes, within the limits per host and of `sharesOf`: round robin over partners, from the
 * one with the fewest slots in use; within a partner, the longest due lane first.
 *
 * @returns shares with `take` above 0
 */
export const shareSlots = (claim: Limits, lanes: readonly DueLane[]): Share[] => {
  const { hosts, unproven, takes, left, room, take } = openUsage(claim)

  const share = (ofKind: readonly DueLane[], slots: number) => {
    let free = Math.min(slots, left.all)
    const candidates = ofKind.filter(lane => room(lane) > 0).slice(0, Math.max(0, free))
    const each = Math.max(1, Math.ceil(free / Math.max(1, candidates.length)))
    for (const lane of candidates) {
      const count = Math.min(each, free, room(lane))
      if (count <= 0) continue
      take(lane, count)
      free -= count
    }
  }

  const inOrder = lanes.toSorted((a, b) => a.dueAt - b.dueAt || a.id - b.id)
  // By due time alone, two partners with slow receivers would get every slot that becomes free.
  const proven = roundRobin(
    inOrder.filter(lane => !lane.slow && lane.proven && room(lane) > 0),
    claim.busyPartners,
  )
  const untried = inOrder.filter(lane => !lane.slow && !lane.proven)
  /** Hosts with the fewest attempts first: a first attempt may show that a host does not hang. */
  const untriedRoundRobin = () =>
    roundRobin(
      untried.toSorted((a, b) => countOf(hosts, a.host) - countOf(hosts, b.host)),
      unproven,
    )
  const slow = roundRobin(
    inOrder.filter(lane => lane.slow),
    new Map(),
  )

  share(slow, left.slowFirst)
  // Otherwise proven lanes with long queues would take every slot that becomes free.
  share(untriedRoundRobin(), proven.some(lane => room(lane) > 0) ? Math.ceil(left.all / 2) : left.all)
  share(proven, left.all)
  share(untriedRoundRobin(), left.all)
  share(slow, left.all)
  return [...takes].map(([lane, count]) => ({ lane, take: count }))
}

/** Tracks the slots in use and the slots left while they are shared. */
const openUsage = (claim: Limits) => {
  const hosts = new Map(claim.busyHosts)
  const partners = new Map(claim.busyPartners)
  const unproven = new Map(claim.busyUnproven)
  const takes = new Map<DueLane, number>()
  const left = { ...leftOf(claim), all: claim.slots }

  const room = (lane: DueLane): number => {
    const taken = takes.get(lane) ?? 0
    const common = Math.min(
      claim.perHost + countOf(claim.prefetch, lane.host) - countOf(hosts, lane.host),
      left.perPartner - countOf(partners, lane.partnerId),
    )
    const reserved = Math.min(left.unprovenFirst, left.unproven)
    if (lane.slow) {
      const shared = left.shared - reserved
      return Math.min(common, claim.busySlow.has(lane.id) ? 0 : 1 - taken, shared, left.slow)
    }
    if (lane.proven) return common
    const firstTry = countOf(hosts, lane.host) === 0 ? 1 : 0
    const ofPartner = Math.max(firstTry, left.unprovenPerPartner - countOf(unproven, lane.partnerId))
    const ofAll = Math.min(left.shared, left.unproven)
    const ofPartnerFirst = countOf(unproven, lane.partnerId) === 0 ? Math.min(1, ofAll) : 0
    return Math.min(common, ofPartner, Math.max(ofPartnerFirst, ofAll - reserved))
  }

  const take = (lane: DueLane, count: number) => {
    takes.set(lane, (takes.get(lane) ?? 0) + count)
    add(hosts, lane.host, count)
    add(partners, lane.partnerId, count)
    left.all -= count
    if (lane.slow || !lane.proven) left.shared -= count
    if (lane.slow) left.slow -= count
    else if (!lane.proven) {
      left.unproven -= count
      add(unproven, lane.partnerId, count)
    }
  }

  return { hosts, unproven, takes, left, room, take }
}

/** Orders lanes round robin over partners, fewest slots in use first. Keeps the order of each partner's lanes. */
const roundRobin = (lanes: readonly DueLane[], busy: ReadonlyMap<string, number>): DueLane[] => {
  const counts = new Map(busy)
  return lanes
    .map(lane => {
      const round = countOf(counts, lane.partnerId)
      counts.set(lane.partnerId, round + 1)
      return { lane, round }
    })
    .sort((a, b) => a.round - b.round)
    .map(({ lane }) => lane)
}

const sum = (counts: ReadonlyMap<unknown, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0)
const countOf = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0
const add = (counts: Map<string, number>, key: string, count: number) => counts.set(key, countOf(counts, key) + count)
