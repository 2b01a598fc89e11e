import type { EventPosition, EventQuery } from '../store.ts'

/** So many events one page looks at, whatever it leaves out: erased ones, undecipherable ones, others than are asked for. */
export const EVENT_WINDOW = 1_000

/** What the database knows about a position that a reader brings. */
export interface PositionFacts {
  /** The number of the partner's newest event; 0: none yet. */
  newest: number
  /** When the event of that number was created; null: there is none, because it is erased or was never there. */
  createdAt: number | null
}

/**
 * Whether a reader may go on after this position. A restored database has lost its newest events and gives their numbers to
 * others: then the number is not there yet, or its event was created at another time.
 */
export const isOfThisHistory = ({ n, at }: EventPosition, { newest, createdAt }: PositionFacts): boolean =>
  n <= newest && (at === null || createdAt === null || createdAt === at)

/**
 * What a page begins after: the later one of `after` and the last event before `since`. Null: it begins at the first event.
 *
 * @param lastBy the last event that was created by then
 */
export const beginOf = (
  { after, since }: Pick<EventQuery, 'after' | 'since'>,
  lastBy: (at: number) => EventPosition | null,
): EventPosition | null => {
  const before = since === undefined ? null : lastBy(since - 1)
  return (before?.n ?? 0) > (after?.n ?? 0) ? before : after
}

/**
 * Where a reader of a lost history begins: after the last event that was created by then. What was created later is of the
 * new history; what came before, both have in common. Takes some twenty looks, however many events there are.
 *
 * @param firstFrom the first event with this number or a higher one; null: there is none
 * @returns null: at the first event
 */
export const lastEventBy = (
  at: number | null,
  newest: number,
  firstFrom: (n: number) => { n: number; at: number } | null,
): EventPosition | null => {
  if (at === null) return null
  const isInCommon = (n: number): boolean => (firstFrom(n)?.at ?? Number.POSITIVE_INFINITY) <= at
  if (!isInCommon(1)) return null
  let [low, high] = [1, newest]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isInCommon(middle)) low = middle
    else high = middle - 1
  }
  return firstFrom(low)
}
