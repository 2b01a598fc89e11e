import { SECOND } from '../../core/duration.ts'

/**
 * The queues in which an account's verifications of one partner wait. What is asked again is in a queue with those that have
 * about the same interval, so that the first of each queue is the most overdue relative to its interval.
 */
export const NUDGED = 0
export const NEW = 1
export const NEW_IN_BATCH = 2
const BANDS = 16
/** The first of `BANDS` queues each, one a band of intervals. `intervalOf` needs them to be multiples of that. */
const AGAIN = BANDS
const AGAIN_IN_BATCH = 2 * BANDS

export const QUEUES = [NUDGED, NEW, NEW_IN_BATCH, ...Array.from({ length: 2 * BANDS }, (_, band) => AGAIN + band)]

const isAgainInBatch = (queue: number): boolean => queue >= AGAIN_IN_BATCH
export const isOfBatch = (queue: number): boolean => queue === NEW_IN_BATCH || isAgainInBatch(queue)

/** Whose user is there now, as far as we know. */
export const isNewOrBack = (queue: number): boolean => queue < AGAIN

/** Each band of intervals is twice as wide as the one before; the first one ends at a second. */
const bandOf = (intervalMs: number): number =>
  Math.min(BANDS - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, intervalMs) / SECOND)) + 1))

/** The queue of what nobody has asked about yet. */
export const queueOfNew = (isBatch: boolean): number => (isBatch ? NEW_IN_BATCH : NEW)

/** The queue of what is to be asked again after an interval. What came in a batch stays behind what came by itself. */
export const queueAfterPoll = (queue: number, intervalMs: number): number =>
  (isOfBatch(queue) ? AGAIN_IN_BATCH : AGAIN) + bandOf(intervalMs)

/** A verification that is due, as an index of the queue has it. Times are epoch ms. */
export interface DueVerification {
  id: number
  dueAt: number
}

/** What is due of one partner: of each queue the longest due ones, as many as may be taken, in order. */
export interface DueOfPartner {
  queues: ReadonlyMap<number, readonly DueVerification[]>
  /** Of the queue `NEW` those that came within `FRESH_MS`, in order; needed only where as many are due as may be taken. */
  fresh: readonly DueVerification[]
}

/** So long the user of a new serial is taken to be waiting now. */
export const FRESH_MS = 30 * SECOND

/** Who is asked first, call by call, over and over: each kind has picks, so none is starved, and a batch has few. */
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
/** After so many calls of a partner they begin anew. */
export const PICKS = PICK_ORDER.length
type Source = (typeof PICK_ORDER)[number]

/**
 * Where nothing of the picked kind is there: every second call is for those whom nobody has asked about or who are back, so that
 * a backlog delays them by a call or two, and the others go on.
 */
const NEW_FIRST: readonly Source[] = ['nudged', 'fresh', 'oldest', 'again', 'new_in_batch', 'again_in_batch']
const AGAIN_FIRST: readonly Source[] = ['again', 'nudged', 'fresh', 'oldest', 'again_in_batch', 'new_in_batch']

const sourcesOf = (n: number): readonly Source[] => [
  PICK_ORDER[n % PICKS] ?? 'nudged',
  ...(n % 2 === 0 ? NEW_FIRST : AGAIN_FIRST),
]

/** About the interval of those in a queue. */
const intervalOf = (queue: number): number => SECOND * 2 ** ((queue % BANDS) - 1)

/** How late it is in proportion to how long those in its queue wait. */
const lateness = (queue: number, { dueAt }: DueVerification, at: number): number => (at - dueAt + 1) / intervalOf(queue)

/**
 * Takes at most `limit`, in the order in which they are to be asked.
 *
 * @param picks how many have been taken of this partner before
 */
export const takeDue = (
  { queues, fresh }: DueOfPartner,
  { limit, picks, at }: { limit: number; picks: number; at: number },
): DueVerification[] => {
  const picked = new Map<DueVerification['id'], DueVerification>()
  const places = new Map<readonly DueVerification[], number>()
  const ofNew = queues.get(NEW) ?? []
  const isCrowded = ofNew.length >= limit

  /** The first that is not taken yet. */
  const headOf = (due: readonly DueVerification[]): DueVerification | null => {
    let place = places.get(due) ?? 0
    while (picked.has(due[place]?.id ?? -1)) place++
    places.set(due, place)
    return due[place] ?? null
  }
  const headIn = (queue: number) => headOf(queues.get(queue) ?? [])
  /** Under a rate that is too low for all, each is late by the same factor. */
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
    again: () => latest(queue => !isNewOrBack(queue) && !isAgainInBatch(queue)),
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
