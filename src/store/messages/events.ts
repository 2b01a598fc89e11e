import type { StoreContext } from '../context.ts'
import { openBody } from '../registration-rows.ts'
import {
  beginOf,
  EVENT_WINDOW,
  type EventRow,
  eventPageOf,
  isOfThisHistory,
  lastEventBy,
  type PositionFacts,
} from '../rules/events.ts'
import { answerAlone } from '../rules/questions.ts'
import type { EventPage, EventPosition, EventQuery, Store } from '../store.ts'
import { columnsOf, type Tx } from '../tx.ts'

/**
 * A partner's messages in the order of their commits, as a reader goes through them: whoever writes some gives out their numbers under
 * the lock of the partner's row, so none appears behind one that is there.
 */
export const createEvents = (context: Pick<StoreContext, 'read' | 'sealed' | 'openOr'>): Pick<Store, 'listEvents'> => {
  /** Mostly the first `limit` are the page; the rest of the window is read only where some of them are left out. */
  const readPage = async (
    tx: Tx,
    partnerId: string,
    query: EventQuery & { begin: EventPosition | null },
  ): Promise<EventPage> => {
    const size = Math.min(query.limit, EVENT_WINDOW)
    const following = (n: number, limit: number) => tx.all<EventRow>(FOLLOWING, { partnerId, n, limit })
    const rows = await following(query.begin?.n ?? 0, size)
    const open = (row: EventRow) => openBody(context, { ...row, partnerId })
    const page = eventPageOf(rows, query, open)
    const last = rows.at(-1)
    if (page.events.length === query.limit || last === undefined || rows.length < size) return page
    const rest = await following(last.n, EVENT_WINDOW - size)
    return eventPageOf([...rows, ...rest], query, open)
  }

  return {
    listEvents: (partnerId, query) =>
      context.read(async tx => {
        const { after } = query
        const [facts = NO_EVENTS] = await tx.all<PositionFacts>(FACTS, { partnerId, n: after?.n ?? null })
        const findFirst = async (numbers: readonly number[]) => {
          const found = await tx.each<EventPosition>(
            FIRST_FROM,
            numbers.map(n => ({ partnerId, n })),
          )
          return found.map(([first = null]) => first)
        }
        if (after !== null && !isOfThisHistory(after, facts))
          return { outcome: 'lost', beginAfter: await answerAlone(lastEventBy(after.at, facts.newest), findFirst) }
        const begin = await answerAlone(beginOf(query, facts.newest), findFirst)
        return readPage(tx, partnerId, { ...query, begin })
      }),
  }
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
