import { SECOND } from '../../core/duration.ts'
import type { MessageState, MessageType } from '../../core/message.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import { columnsOf, type Tx } from '../tx.ts'

/** Maximum number of events that a page reads, including events it leaves out: erased, undecryptable, filtered, old. */
export const EVENT_WINDOW = 1_000

/**
 * How much later an event may be created than one that follows it, since overlapping transactions number their events
 * in commit order. Exceeds the duration of a transaction that waits for locks.
 */
const OVERLAP_MS = 30 * SECOND

/**
 * A partner's events are numbered 1, 2, 3 … in commit order. `at` is when the event was created: after a restore,
 * numbers are assigned again, and the time identifies the history that a position belongs to.
 */
export interface EventPosition {
  n: number
  at: number
}

export interface EventQuery {
  /** Null: from the first event. */
  after: EventPosition | null
  limit: number
  /** Begins at the first event created then or later; by default at the first of all. */
  since?: number | undefined
  /** Only events whose delivery is in this state now; by default all. */
  delivery?: MessageState | undefined
  /** Only the event of this registration; by default those of all. */
  registrationId?: string | undefined
}

export interface StoredEvent {
  position: EventPosition
  registrationId: string
  type: MessageType
  createdAt: number
  delivery: MessageState
  body: string
}

export type EventPage =
  /** `end`: continue after it, even if past the last event returned; null: none exists yet. `scanned`: events read. */
  | { outcome: 'page'; events: StoredEvent[]; end: EventPosition | null; scanned: number }
  /** A restore has ended the history of the position. Continue after `beginAfter`; null: from the first event. */
  | { outcome: 'lost'; beginAfter: EventPosition | null }

/** The stored facts about a reader's position. */
interface PositionFacts {
  /** Number of the partner's newest event; 0 if none. */
  newest: number
  /** Creation time of the event with that number; null if it is erased or was never there. */
  createdAt: number | null
}

/**
 * Whether a reader may continue after this position. A restored database has lost its newest events and assigns their
 * numbers again: until then the number does not exist, and later its event has another creation time.
 */
const isOfThisHistory = ({ n, at }: EventPosition, { newest, createdAt }: PositionFacts): boolean =>
  n <= newest && (createdAt === null || createdAt === at)

interface PageQuery extends Pick<EventQuery, 'limit' | 'delivery' | 'since' | 'registrationId'> {
  begin: EventPosition | null
}

/** An event as read. */
interface EventRow {
  n: number
  registrationId: string
  type: MessageType
  createdAt: number
  state: MessageState
  /** Sealed; empty: erased. */
  body: Buffer
}

/**
 * Returns a page from the first events after `begin`, at most `EVENT_WINDOW`.
 *
 * @param open returns the body of an event, or null if it cannot be decrypted
 */
const eventPageOf = (
  rows: Iterable<EventRow>,
  { limit, delivery, since = 0, begin }: PageQuery,
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
    // The message of a cancelled registration is erased.
    if (row.body.length === 0 || (delivery !== undefined && state !== delivery)) continue
    const body = open(row)
    if (body !== null) events.push({ position: end, registrationId, type, createdAt, delivery: state, body })
  }
  return { outcome: 'page', events, end, scanned }
}

const NO_EVENTS: PositionFacts = { newest: 0, createdAt: null }

const FACTS = `
  SELECT events AS newest,
    (SELECT created_at FROM messages WHERE partner_id = @partnerId AND event = @n) AS "createdAt"
  FROM partners WHERE id = @partnerId`

const FIRST_FROM = `
  SELECT event AS n, created_at AS at FROM messages
  WHERE partner_id = @partnerId AND event >= @n ORDER BY event LIMIT 1`

/**
 * SQL condition and order of a partner's newest messages. Only the index of its events gives both: otherwise the
 * planner would sort all messages of a partner with many.
 */
export const newestOf = (partnerId: string): string => `
  (partner_id, event) > (${partnerId}, 0) AND (partner_id, event) <= (${partnerId}, ${Number.MAX_SAFE_INTEGER})
  ORDER BY partner_id DESC, event DESC`

/** `state` avoids a join, which may read all deliveries. */
const SELECT_AFTER = `
  SELECT event AS n, ${columnsOf('messageBodies', ['registrationId', 'type', 'createdAt', 'body'])},
    (SELECT state FROM messages WHERE seq = m.seq) AS state
  FROM messages m WHERE partner_id = @partnerId AND event > @n`
const FOLLOWING = `${SELECT_AFTER} ORDER BY event LIMIT @limit`
export const OF_REGISTRATION = `${SELECT_AFTER} AND registration_id = @registrationId LIMIT @limit`

/**
 * Reads a partner's messages in commit order. Transactions that write messages assign their numbers under the lock of
 * the partner's row, so no event appears behind an existing one.
 */
export const eventVerbs = {
  lists: context => ({
    /**
     * Returns the partner's events after the position, or from the first if `after` is null. They are in the order of
     * their commits, so no event is ever added behind a reader. `lost`: a restore has ended the reader's history. Events
     * that cannot be decrypted are left out. A page scans at most `EVENT_WINDOW` events, so one that is not the last may
     * have fewer than `limit`, even none; its `end` is the last event scanned.
     */
    listEvents: (partnerId: string, query: EventQuery): Promise<EventPage> =>
      context.queued(partnerId, () =>
        context.read(async tx => {
          const { after, since } = query
          const [facts = NO_EVENTS] = await tx.all<PositionFacts>(FACTS, { partnerId, n: after?.n ?? null })
          const lastBy = (at: number) => lastEventBy(tx, { partnerId, at, newest: facts.newest })
          if (after !== null && !isOfThisHistory(after, facts))
            return { outcome: 'lost', beginAfter: await lastBy(after.at) }
          // Every event created at `since` or later follows it.
          const before = since === undefined ? null : await lastBy(since - 1 - OVERLAP_MS)
          const begin = (before?.n ?? 0) > (after?.n ?? 0) ? before : after
          return readPage(tx, { ...query, partnerId, begin }, context)
        }),
      ),
  }),
} satisfies VerbModule

/**
 * Returns the last event created by `at`, or null if none is that old. A reader of a lost history begins there: later
 * events belong to the new history, earlier ones to both. About 20 seeks, independent of the number of events.
 */
const lastEventBy = async (
  tx: Tx,
  { partnerId, at, newest }: { partnerId: string; at: number; newest: number },
): Promise<EventPosition | null> => {
  const firstFrom = async (n: number) => (await tx.all<EventPosition>(FIRST_FROM, { partnerId, n }))[0] ?? null
  const isByThen = (first: EventPosition | null): boolean => first !== null && first.at <= at
  if (!isByThen(await firstFrom(1))) return null
  let [low, high] = [1, newest]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isByThen(await firstFrom(middle))) low = middle
    else high = middle - 1
  }
  return firstFrom(low)
}

/** Usually the first `limit` events are the page; it reads the rest of the window only if some are left out. */
const readPage = async (
  tx: Tx,
  query: PageQuery & { partnerId: string },
  { sealed, openOrElse }: Pick<StoreContext, 'sealed' | 'openOrElse'>,
): Promise<EventPage> => {
  const { partnerId, limit, begin, registrationId } = query
  const size = Math.min(limit, EVENT_WINDOW)
  const following = (n: number, max: number) =>
    registrationId === undefined
      ? tx.all<EventRow>(FOLLOWING, { partnerId, n, limit: max })
      : tx.all<EventRow>(OF_REGISTRATION, { partnerId, registrationId, n, limit: max })
  const open = (row: EventRow) =>
    openOrElse(
      { table: 'messages', id: row.registrationId },
      { open: () => sealed.message.open({ ...row, partnerId }), instead: null },
    )
  const rows = await following(begin?.n ?? 0, size)
  const page = eventPageOf(rows, query, open)
  const last = rows.at(-1)
  if (page.events.length === limit || last === undefined || rows.length < size) return page
  return eventPageOf([...rows, ...(await following(last.n, EVENT_WINDOW - size))], query, open)
}
