import { SECOND } from '../../core/duration.ts'
import type { MessageState, MessageType } from '../../core/message.ts'
import type { EventPage, EventPosition, EventQuery, StoredEvent } from '../store.ts'
import type { Asking } from './questions.ts'

/** So many events one page looks at, whatever it leaves out: erased ones, undecipherable ones, others than are asked for, older ones. */
export const EVENT_WINDOW = 1_000

/**
 * Transactions that overlap number their events in the order of their commits, so an event may be created so much later than one that
 * follows it: longer than a transaction lasts that waits for the locks of others.
 */
const OVERLAP_MS = 30 * SECOND

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
  n <= newest && (createdAt === null || createdAt === at)

/** Asks for the first event with a number or a higher one; null: there is none. */
type EventScan = Asking<number, EventPosition | null, EventPosition | null>

/**
 * What a page begins after: the later one of `after` and an event behind which all are that were created at `since` or later. Null: it
 * begins at the first event.
 */
export function* beginOf({ after, since }: Pick<EventQuery, 'after' | 'since'>, newest: number): EventScan {
  const before = since === undefined ? null : yield* lastEventBy(since - 1 - OVERLAP_MS, newest)
  return (before?.n ?? 0) > (after?.n ?? 0) ? before : after
}

/**
 * Where a reader of a lost history begins: after the last event that was created by then. What was created later is of the
 * new history; what came before, both have in common. Takes some twenty looks, however many events there are.
 *
 * @returns null: at the first event
 */
export function* lastEventBy(at: number, newest: number): EventScan {
  const isInCommon = (first: EventPosition | null): boolean => first !== null && first.at <= at
  if (!isInCommon(yield* firstFrom(1))) return null
  let [low, high] = [1, newest]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isInCommon(yield* firstFrom(middle))) low = middle
    else high = middle - 1
  }
  return yield* firstFrom(low)
}

function* firstFrom(n: number): EventScan {
  const [first = null] = yield [n]
  return first
}

/** An event as an engine reads it. */
export interface EventRow {
  n: number
  registrationId: string
  type: MessageType
  createdAt: number
  state: MessageState
  /** Sealed; empty: erased. */
  body: Buffer
}

/**
 * The page out of the first events behind `begin`, up to `EVENT_WINDOW` of them.
 *
 * @param open the text of an event; null: it cannot be decrypted
 */
export const eventPageOf = (
  rows: Iterable<EventRow>,
  {
    limit,
    delivery,
    since = 0,
    begin,
  }: Pick<EventQuery, 'limit' | 'delivery' | 'since'> & { begin: EventPosition | null },
  open: (row: EventRow) => string | null,
): EventPage & { outcome: 'page' } => {
  const events: StoredEvent[] = []
  let end = begin
  let scanned = 0
  for (const row of rows) {
    if (events.length === limit) break
    const { registrationId, type, createdAt, state } = row
    end = { n: row.n, at: createdAt }
    scanned++
    if (createdAt < since) continue
    // A cancelled registration's message is erased, and tells nothing any more.
    if (row.body.length === 0 || (delivery !== undefined && state !== delivery)) continue
    const body = open(row)
    if (body !== null) events.push({ position: end, registrationId, type, createdAt, delivery: state, body })
  }
  return { outcome: 'page', events, end, scanned }
}
