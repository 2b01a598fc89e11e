import type { Asking } from './questions.ts'
import { countOf, type DueLane, type Limits, openBooks } from './share-slots.ts'

type Kind = Pick<DueLane, 'slow' | 'proven'>

/** Which due lanes of a partner and a kind: the longest due first, behind `after`, or from the first on, and `limit` at most. */
export interface LanesQuestion extends Kind {
  partnerId: string
  after: DueLane | null
  limit: number
}
type Loading = Asking<LanesQuestion, readonly DueLane[], DueLane[]>

/** How far the lanes of a partner have been read. */
interface Reading {
  partnerId: string
  last: DueLane | null
  /** In which turn over the partners the next one that can get something comes. */
  next: number
}

/** Beyond the free slots: once others have theirs, the host of a lane that had room may be full. */
const SPARE = 64
/** A claim begins no further round of reading with so many of a kind, whatever their hosts. */
const MOST = 8_192

/**
 * Of the due lanes of these partners those that `shareSlots` needs. What that costs goes by the slots that are free for each kind, and
 * not by how many lanes there are.
 */
export function* loadLanes(claim: Limits, partnerIds: readonly string[]): Loading {
  const { slots, unsureSlots, slow, unproven } = claim
  const ofUnproven = Math.min(unsureSlots, unproven.slots)
  const kept = Math.min(unproven.first, unproven.slots)
  // What is kept for partners that have none in use is nothing for the others.
  const trying =
    ofUnproven > kept ? partnerIds : partnerIds.filter(partnerId => countOf(unproven.busyPartners, partnerId) === 0)
  const kinds = [
    { kind: { slow: false, proven: true }, of: partnerIds, free: slots },
    { kind: { slow: false, proven: false }, of: trying, free: Math.min(slots, ofUnproven) },
    // A slow lane is never proven.
    { kind: { slow: true, proven: false }, of: partnerIds, free: Math.min(slots, unsureSlots - kept, slow.slots) },
  ]
  const readers = kinds.flatMap(({ kind, of, free }) => (free > 0 ? [createReader(claim, kind, free + SPARE, of)] : []))
  while (true) {
    const rounds = readers.map(({ ask }) => ask())
    const questions = rounds.flat()
    if (questions.length === 0) return readers.flatMap(({ lanes }) => lanes)
    const answers = yield questions
    let given = 0
    for (const [i, { take }] of readers.entries()) {
      const asked = rounds[i]?.length ?? 0
      take(answers.slice(given, given + asked))
      given += asked
    }
  }
}

/** Reads the first few of each partner, and then more only of those whose next one may come before what is there. */
const createReader = (claim: Limits, kind: Kind, wanted: number, partnerIds: readonly string[]) => {
  const { room } = openBooks(claim)
  const isUntried = !kind.slow && !kind.proven
  // An attempt at a host that has one already comes after all first tries.
  const isUsable = (lane: DueLane) => room(lane) > 0 && !(isUntried && countOf(claim.busyHosts, lane.host) > 0)
  const busyPartners = isUntried ? claim.unproven.busyPartners : claim.busyPartners
  const lanes: DueLane[] = []
  const ranks: number[] = []
  let open = partnerIds.map((partnerId): Reading => {
    return { partnerId, last: null, next: kind.slow ? 0 : countOf(busyPartners, partnerId) }
  })
  let limit = Math.ceil(wanted / open.length)

  /** Whether there may be more. */
  const takeOf = (reading: Reading, found: readonly DueLane[]): boolean => {
    lanes.push(...found)
    reading.last = found.at(-1) ?? reading.last
    for (const _ of found.filter(isUsable)) ranks.push(reading.next++)
    return found.length === limit
  }

  return {
    lanes,
    /** What to read next; nothing: it has all. */
    ask: (): LanesQuestion[] =>
      lanes.length < MOST ? open.map(({ partnerId, last }) => ({ ...kind, partnerId, after: last, limit })) : [],
    take: (found: readonly (readonly DueLane[])[]): void => {
      open = open.filter((reading, i) => takeOf(reading, found[i] ?? []))
      ranks.sort((a, b) => a - b)
      const last = ranks[wanted - 1] ?? Number.POSITIVE_INFINITY
      // Of one turn, the longest due comes first: it may be one that is not read yet.
      open = open.filter(({ next }) => next <= last)
      limit *= 2
    },
  }
}
