import { SECOND } from '../../core/duration.ts'

/**
 * The queues in which an account's verifications of one partner wait. What is asked again is in a queue with those that have
 * about the same interval, so that in each queue the first one is the one that is the latest in proportion to it.
 */
export const NUDGED = 0
export const NEW = 1
export const NEW_IN_BATCH = 2
const AGAIN = 16
const AGAIN_IN_BATCH = 32
const BANDS = 16

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
  lastPolledAt: number | null
}

/** What is due of one partner: of each queue the longest due ones, as many as may be taken, in order. */
export interface DueOfPartner {
  queues: ReadonlyMap<number, readonly DueVerification[]>
  /** Of the queue `NEW` the last ones, the very last first; needed only where as many are due as may be taken. */
  newest: readonly DueVerification[]
}

type Source = 'nudged' | 'newest' | 'oldest' | 'new_in_batch' | 'again' | 'again_in_batch'

/**
 * Whose turn it is, and who has it if nothing is there. Every second turn is for those whom nobody has asked about or who are
 * back, so that a backlog delays them by one call and they do not stop it. Of the new ones the last comes first, because its
 * user is waiting now; and the first one has its turn too. What came in a batch is behind what came by itself, and is not
 * starved by it.
 */
const TURNS: readonly (readonly Source[])[] = [
  ['nudged', 'newest', 'new_in_batch', 'again', 'again_in_batch'],
  ['again', 'again_in_batch', 'nudged', 'oldest', 'new_in_batch'],
  ['nudged', 'oldest', 'new_in_batch', 'again', 'again_in_batch'],
  ['again_in_batch', 'again', 'nudged', 'newest', 'new_in_batch'],
  ['nudged', 'newest', 'new_in_batch', 'again', 'again_in_batch'],
  ['again', 'again_in_batch', 'nudged', 'oldest', 'new_in_batch'],
  ['new_in_batch', 'nudged', 'oldest', 'again', 'again_in_batch'],
  ['again_in_batch', 'again', 'nudged', 'newest', 'new_in_batch'],
]

const SHORTEST_INTERVAL_MS = SECOND

/** How late it is in proportion to how long it was to wait. */
const lateness = ({ dueAt, lastPolledAt }: DueVerification, at: number): number =>
  (at - dueAt + 1) / Math.max(SHORTEST_INTERVAL_MS, dueAt - (lastPolledAt ?? dueAt))

/**
 * Takes at most `limit`, in the order in which they are to be asked.
 *
 * @param turn how many have been taken of this partner before
 */
export const takeDue = (
  { queues, newest }: DueOfPartner,
  { limit, turn, at }: { limit: number; turn: number; at: number },
): DueVerification[] => {
  const taken = new Set<DueVerification['id']>()
  const picked: DueVerification[] = []
  const next = new Map<number, number>()
  let nextNewest = 0

  const headOf = (queue: number): DueVerification | null => {
    const due = queues.get(queue) ?? []
    let index = next.get(queue) ?? 0
    while (taken.has(due[index]?.id ?? -1)) index++
    next.set(queue, index)
    return due[index] ?? null
  }
  const isCrowded = (queues.get(NEW)?.length ?? 0) >= limit
  const lastNew = (): DueVerification | null => {
    if (!isCrowded) return headOf(NEW)
    while (taken.has(newest[nextNewest]?.id ?? -1)) nextNewest++
    return newest[nextNewest] ?? headOf(NEW)
  }
  /** Under a rate that is too low for all, each is late by the same factor. */
  const latest = (isOurs: (queue: number) => boolean): DueVerification | null => {
    let found: DueVerification | null = null
    for (const queue of queues.keys()) {
      const head = isOurs(queue) ? headOf(queue) : null
      if (head && (!found || lateness(head, at) > lateness(found, at))) found = head
    }
    return found
  }
  const sources: Record<Source, () => DueVerification | null> = {
    nudged: () => headOf(NUDGED),
    newest: lastNew,
    oldest: () => headOf(NEW),
    new_in_batch: () => headOf(NEW_IN_BATCH),
    again: () => latest(queue => queue >= AGAIN && !isAgainInBatch(queue)),
    again_in_batch: () => latest(isAgainInBatch),
  }

  for (let n = turn; picked.length < limit; n++) {
    const inTurn = TURNS[n % TURNS.length] ?? []
    const one = inTurn.map(source => sources[source]()).find(found => found !== null)
    if (!one) break
    taken.add(one.id)
    picked.push(one)
  }
  return picked
}
