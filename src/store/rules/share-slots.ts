import type { MessageClaimRequest } from '../store.ts'

/** A lane with something to send. */
export interface DueLane {
  id: number
  partnerId: string
  host: string
  dueAt: number
  slow: boolean
  proven: boolean
}

/** A claim looks at the lanes of so many partners, in turn; the next claim goes on after them. */
export const PARTNERS_IN_A_CLAIM = 256
/** A claim looks at so many lanes of a partner at most. */
const LANES_OF_A_PARTNER = 1_024

/** What of all slots the slow lanes may have together, a partner, and a partner's unproven lanes together. */
export const sharesOf = (slots: number): { slow: number; perPartner: number; unproven: number } => ({
  slow: Math.ceil(slots / 4),
  perPartner: Math.ceil((slots * 3) / 4),
  unproven: Math.ceil(slots / 4),
})

type Limits = Pick<
  MessageClaimRequest,
  'slots' | 'slowSlots' | 'perHost' | 'prefetch' | 'perPartner' | 'busyHosts' | 'busyPartners' | 'unproven'
>

/**
 * How many lanes of each partner to load, the longest due first. A lane gives nothing only if its host is busy. So one lane
 * for each slot and each busy host is enough: none that could be served is left out.
 */
export const lanesToLoad = ({ slots, busyHosts }: Limits): number =>
  Math.min(LANES_OF_A_PARTNER, Math.max(0, slots) + busyHosts.size)

/** A partner that has its whole share gets nothing, whatever its lanes. */
export const mayHaveMore = (partnerId: string, { perPartner, busyPartners }: Limits): boolean =>
  (busyPartners.get(partnerId) ?? 0) < perPartner

/**
 * Shares the free slots over the lanes: equally, the longest due first, within what a host and a partner may have.
 * Slow lanes come last, one slot each, within `slowSlots`. Lanes that have not yet proven that attempts end in time share
 * what their partner has for them; but each of their hosts may always try once, so that however many hang, a new host can
 * show that it does not.
 *
 * @returns how many messages to take of which lane, `take` above 0
 */
export const shareSlots = (claim: Limits, lanes: readonly DueLane[]): { lane: DueLane; take: number }[] => {
  const inOrder = lanes.toSorted((a, b) => a.dueAt - b.dueAt || a.id - b.id)
  const hosts = new Map(claim.busyHosts)
  const partners = new Map(claim.busyPartners)
  const unproven = new Map(claim.unproven.busyPartners)
  const shares: { lane: DueLane; take: number }[] = []
  let left = claim.slots

  const room = (lane: DueLane): number => {
    const most = lane.slow ? 1 : claim.perHost + countOf(claim.prefetch, lane.host)
    const common = Math.min(most - countOf(hosts, lane.host), claim.perPartner - countOf(partners, lane.partnerId))
    if (lane.slow || lane.proven) return common
    const firstTry = countOf(hosts, lane.host) === 0 ? 1 : 0
    return Math.min(common, Math.max(firstTry, claim.unproven.perPartner - countOf(unproven, lane.partnerId)))
  }
  const share = (open: readonly DueLane[], slots: number) => {
    const candidates = open.filter(lane => room(lane) > 0).slice(0, slots)
    const each = Math.max(1, Math.ceil(slots / Math.max(1, candidates.length)))
    let free = slots
    for (const lane of candidates) {
      const take = Math.min(each, free, room(lane))
      if (take <= 0) continue
      shares.push({ lane, take })
      free -= take
      left -= take
      add(hosts, lane.host, take)
      add(partners, lane.partnerId, take)
      if (!lane.slow && !lane.proven) add(unproven, lane.partnerId, take)
    }
  }

  share(
    inOrder.filter(({ slow }) => !slow),
    left,
  )
  share(
    inOrder.filter(({ slow }) => slow),
    Math.min(left, claim.slowSlots),
  )
  return shares
}

const countOf = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0
const add = (counts: Map<string, number>, key: string, count: number) => counts.set(key, countOf(counts, key) + count)
