import { SECOND } from '../../core/duration.ts'
import type { MessageState, MessageType } from '../../core/message.ts'
import type { StoreContext } from '../context.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Tx } from '../tx.ts'

/** So many events one page looks at, whatever it leaves out: erased ones, undecipherable ones, others than are asked for, older ones. */
export const EVENT_WINDOW = 1_000

/**
 * Transactions that overlap number their events in the order of their commits, so an event may be created so much later than one that
 * follows it: longer than a transaction lasts that waits for the locks of others.
 */
const OVERLAP_MS = 30 * SECOND

/**
 * A partner's events are numbered 1, 2, 3 … in the order of their commits. `at` is when the event was created: after a
 * restore the numbers are given anew, and the time tells which history a position belongs to.
 */
export interface EventPosition {
  n: number
  at: number
}

export interface EventQuery {
  /** Null: from the first event. */
  after: EventPosition | null
  limit: number
  /** Begins at the first event that was created then or later; unless given, at the first of all. */
  since?: number | undefined
  /** Only those whose delivery is in this state now; all unless given. */
  delivery?: MessageState | undefined
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
  /** `end`: what to go on after, which may be behind the last event; null: after what was asked for, since nothing follows. `scanned`: how many were read. */
  | { outcome: 'page'; events: StoredEvent[]; end: EventPosition | null; scanned: number }
  /** The position is of a history that a restore has ended; null: begin at the first event. */
  | { outcome: 'lost'; beginAfter: EventPosition | null }

/** What the database knows about a position that a reader brings. */
interface PositionFacts {
  /** The number of the partner's newest event; 0: none yet. */
  newest: number
  /** When the event of that number was created; null: there is none, because it is erased or was never there. */
  createdAt: number | null
}

/**
 * Whether a reader may go on after this position. A restored database has lost its newest events and gives their numbers to
 * others: then the number is not there yet, or its event was created at another time.
 */
const isOfThisHistory = ({ n, at }: EventPosition, { newest, createdAt }: PositionFacts): boolean =>
  n <= newest && (createdAt === null || createdAt === at)

interface PageQuery extends Pick<EventQuery, 'limit' | 'delivery' | 'since'> {
  begin: EventPosition | null
}

/** An event as it is read. */
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
 * The page out of the first events behind `begin`, up to `EVENT_WINDOW` of them.
 *
 * @param open the text of an event; null: it cannot be decrypted
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
    // A cancelled registration's message is erased, and tells nothing any more.
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
 * The newest messages of a partner, as a condition and an order that only the index of its events gives: for one with many the planner
 * would sort all of them.
 */
export const newestOf = (partnerId: string): string => `
  (partner_id, event) > (${partnerId}, 0) AND (partner_id, event) <= (${partnerId}, ${Number.MAX_SAFE_INTEGER})
  ORDER BY partner_id DESC, event DESC`

/** A join of their deliveries may read all that there are. */
const FOLLOWING = `
  SELECT event AS n, ${columnsOf('messageBodies', ['registrationId', 'type', 'createdAt', 'body'])},
    (SELECT state FROM messages WHERE seq = m.seq) AS state
  FROM messages m WHERE partner_id = @partnerId AND event > @n ORDER BY event LIMIT @limit`

/**
 * A partner's messages in the order of their commits, as a reader goes through them: whoever writes some gives out their numbers under
 * the lock of the partner's row, so none appears behind one that is there.
 */
export const createEvents = (context: Pick<StoreContext, 'read' | 'sealed' | 'openOr'>) =>
  ({
    listEvents: (partnerId, query) =>
      context.read(async tx => {
        const { after, since } = query
        const [facts = NO_EVENTS] = await tx.all<PositionFacts>(FACTS, { partnerId, n: after?.n ?? null })
        const lastBy = (at: number) => lastEventBy(tx, { partnerId, at, newest: facts.newest })
        if (after !== null && !isOfThisHistory(after, facts))
          return { outcome: 'lost', beginAfter: await lastBy(after.at) }
        // All that were created at `since` or later are behind it.
        const before = since === undefined ? null : await lastBy(since - 1 - OVERLAP_MS)
        const begin = (before?.n ?? 0) > (after?.n ?? 0) ? before : after
        return readPage(tx, { ...query, partnerId, begin }, context)
      }),
  }) satisfies Partial<Store>

/**
 * The last event that was created by then, where a reader of a lost history begins: what was created later is of the new history; what
 * came before, both have in common. Some twenty seeks, however many events there are.
 *
 * @returns null: there is none
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

/** Mostly the first `limit` are the page; the rest of the window is read only where some of them are left out. */
const readPage = async (
  tx: Tx,
  query: PageQuery & { partnerId: string },
  { sealed, openOr }: Pick<StoreContext, 'sealed' | 'openOr'>,
): Promise<EventPage> => {
  const { partnerId, limit, begin } = query
  const size = Math.min(limit, EVENT_WINDOW)
  const following = (n: number, most: number) => tx.all<EventRow>(FOLLOWING, { partnerId, n, limit: most })
  const open = (row: EventRow) =>
    openOr(
      { table: 'messages', id: row.registrationId },
      { open: () => sealed.message.open({ ...row, partnerId }), instead: null },
    )
  const rows = await following(begin?.n ?? 0, size)
  const page = eventPageOf(rows, query, open)
  const last = rows.at(-1)
  if (page.events.length === limit || last === undefined || rows.length < size) return page
  return eventPageOf([...rows, ...(await following(last.n, EVENT_WINDOW - size))], query, open)
}
