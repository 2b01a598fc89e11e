import { SECOND } from '../../core/duration.ts'

/**
 * Queues of an account's verifications of one partner. Repeated polls with about the same interval share a queue, so
 * that the first of each queue is the latest relative to its interval.
 */
export const NUDGED = 0
export const NEW = 1
export const NEW_IN_BATCH = 2
const BANDS = 16
/** First of `BANDS` queues each, one per band of intervals. A multiple of `BANDS`, as `intervalOf` requires. */
const AGAIN = BANDS
const AGAIN_IN_BATCH = 2 * BANDS

export const QUEUES = [NUDGED, NEW, NEW_IN_BATCH, ...Array.from({ length: 2 * BANDS }, (_, band) => AGAIN + band)]

const isAgainInBatch = (queue: number): boolean => queue >= AGAIN_IN_BATCH
export const isOfBatch = (queue: number): boolean => queue === NEW_IN_BATCH || isAgainInBatch(queue)

/** Whether the user is probably present: the serial is new or was nudged. */
export const isUserPresent = (queue: number): boolean => queue < AGAIN

/** Each band of intervals is twice as wide as the one before; the first one ends at a second. */
const bandOf = (intervalMs: number): number =>
  Math.min(BANDS - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, intervalMs) / SECOND)) + 1))

/** Returns the queue of a verification that begins to wait. */
export const queueOfNew = (isBatch: boolean): number => (isBatch ? NEW_IN_BATCH : NEW)

/** Returns the queue for the next poll after an interval. Verifications of a batch stay behind single ones. */
export const queueAfterPoll = (queue: number, intervalMs: number): number =>
  (isOfBatch(queue) ? AGAIN_IN_BATCH : AGAIN) + bandOf(intervalMs)

/** A due verification, as the index of its queue has it. Times are epoch ms. */
export interface DueVerification {
  id: number
  dueAt: number
}

/** Due verifications of one partner: per queue the longest due ones, in order, as many as may be taken. */
export interface DueOfPartner {
  queues: ReadonlyMap<number, readonly DueVerification[]>
  /** The ones in `NEW` that came within `FRESH_MS`, in order; needed only if it has as many as may be taken. */
  fresh: readonly DueVerification[]
}

/** How long the user of a new serial is assumed to wait. */
export const FRESH_MS = 30 * SECOND

/** Order of polls, repeated: each kind has picks, so none is starved, and a batch has few. */
const PICK_ORDER = [
  'nudged',
  'again',
  'fresh',
  'again',
  'oldest',
  'again_in_batch',
  'fresh',
  'again',
  'new_in_batch',
  'again',
] as const
/** Number of a partner's polls after which the order begins anew. */
export const PICKS = PICK_ORDER.length
type Source = (typeof PICK_ORDER)[number]

/**
 * Fallbacks if the picked kind has nothing due, in turns: every second poll is for new or nudged verifications, so that
 * a backlog delays them by a poll or two, and the others for repeated ones.
 */
const NEW_FIRST: readonly Source[] = ['nudged', 'fresh', 'oldest', 'again', 'new_in_batch', 'again_in_batch']
const AGAIN_FIRST: readonly Source[] = ['again', 'nudged', 'fresh', 'oldest', 'again_in_batch', 'new_in_batch']

const sourcesOf = (n: number): readonly Source[] => [
  PICK_ORDER[n % PICKS] ?? 'nudged',
  ...(n % 2 === 0 ? NEW_FIRST : AGAIN_FIRST),
]

/** Approximate interval of the verifications in a queue. */
const intervalOf = (queue: number): number => SECOND * 2 ** ((queue % BANDS) - 1)

/** Lateness in proportion to the interval of the queue. */
const lateness = (queue: number, { dueAt }: DueVerification, at: number): number => (at - dueAt + 1) / intervalOf(queue)

/**
 * Takes at most `limit`, in polling order.
 *
 * @param picks number of earlier picks of this partner
 */
export const takeDue = (
  { queues, fresh }: DueOfPartner,
  { limit, picks, at }: { limit: number; picks: number; at: number },
): DueVerification[] => {
  const picked = new Map<DueVerification['id'], DueVerification>()
  const places = new Map<readonly DueVerification[], number>()
  const ofNew = queues.get(NEW) ?? []
  const isCrowded = ofNew.length >= limit

  /** The first one not taken yet. */
  const headOf = (due: readonly DueVerification[]): DueVerification | null => {
    let place = places.get(due) ?? 0
    while (picked.has(due[place]?.id ?? -1)) place++
    places.set(due, place)
    return due[place] ?? null
  }
  const headIn = (queue: number) => headOf(queues.get(queue) ?? [])
  /** The latest relative to its interval: under a rate that is too low for all, each is late by the same factor. */
  const latest = (isOurs: (queue: number) => boolean): DueVerification | null => {
    let found: { head: DueVerification; late: number } | null = null
    for (const queue of queues.keys()) {
      const head = isOurs(queue) ? headIn(queue) : null
      const late = head ? lateness(queue, head, at) : 0
      if (head && (!found || late > found.late)) found = { head, late }
    }
    return found?.head ?? null
  }
  const sources: Record<Source, () => DueVerification | null> = {
    nudged: () => headIn(NUDGED),
    fresh: () => headOf(isCrowded ? fresh : ofNew),
    oldest: () => headOf(ofNew),
    again: () => latest(queue => !isUserPresent(queue) && !isAgainInBatch(queue)),
    new_in_batch: () => headIn(NEW_IN_BATCH),
    again_in_batch: () => latest(isAgainInBatch),
  }

  for (let n = picks; picked.size < limit; n++) {
    const one = sourcesOf(n).reduce<DueVerification | null>((found, source) => found ?? sources[source](), null)
    if (!one) break
    picked.set(one.id, one)
  }
  return [...picked.values()]
}
