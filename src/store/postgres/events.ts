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
import { answerTogether } from '../rules/questions.ts'
import type { EventPage, EventPosition, EventQuery, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

/**
 * A partner's messages in the order of their commits, as a reader goes through them: whoever writes some gives out their numbers under
 * the lock of the partner's row, so none appears behind one that is there.
 */
export const createEvents = (context: Pick<Context, 'read' | 'sealed' | 'openOr'>): Pick<Store, 'listEvents'> => {
  const { read } = context
  /** Mostly the first `limit` are the page; the rest of the window is read only where some of them are left out. */
  const readPage = async (
    tx: Tx,
    partnerId: string,
    query: EventQuery & { begin: EventPosition | null },
  ): Promise<EventPage> => {
    const size = Math.min(query.limit, EVENT_WINDOW)
    const rows = await following(tx, partnerId, query.begin?.n ?? 0, size)
    const open = (row: EventRow) => openBody(context, { ...row, partnerId })
    const page = eventPageOf(rows, query, open)
    const last = rows.at(-1)
    if (page.events.length === query.limit || last === undefined || rows.length < size) return page
    const rest = await following(tx, partnerId, last.n, EVENT_WINDOW - size)
    return eventPageOf([...rows, ...rest], query, open)
  }

  return {
    listEvents: (partnerId, query) =>
      read(async tx => {
        const { after } = query
        const facts = await factsOf(tx, partnerId, after)
        const findFirst = (numbers: readonly number[]) => firstFrom(tx, partnerId, numbers)
        if (after !== null && !isOfThisHistory(after, facts)) {
          const [beginAfter = null] = await answerTogether([lastEventBy(after.at, facts.newest)], findFirst)
          return { outcome: 'lost', beginAfter }
        }
        const [begin = null] = await answerTogether([beginOf(query, facts.newest)], findFirst)
        return readPage(tx, partnerId, { ...query, begin })
      }),
  }
}

const factsOf = async (tx: Tx, partnerId: string, after: EventPosition | null): Promise<PositionFacts> => {
  const [facts] = await tx.rows<PositionFacts>(
    `SELECT p.events AS newest, m.created_at AS "createdAt"
     FROM partners p LEFT JOIN messages m ON m.partner_id = p.id AND m.event = $2 WHERE p.id = $1`,
    [partnerId, after?.n ?? null],
  )
  return facts ?? { newest: 0, createdAt: null }
}

const FIRST_FROM = `
  SELECT first.n, first.at FROM unnest($2::bigint[]) WITH ORDINALITY AS asked(n, nth)
    LEFT JOIN LATERAL (
      SELECT event AS n, created_at AS at FROM message_bodies WHERE partner_id = $1 AND event >= asked.n ORDER BY event LIMIT 1
    ) AS first ON true
  ORDER BY asked.nth`

const firstFrom = async (tx: Tx, partnerId: string, numbers: readonly number[]): Promise<(EventPosition | null)[]> => {
  const rows = await tx.rows<{ n: number | null; at: number | null }>(FIRST_FROM, [partnerId, numbers])
  return rows.map(({ n, at }) => (n === null || at === null ? null : { n, at }))
}

/**
 * The newest messages of a partner, as a condition and an order that only the index of its events gives: for one with many the planner
 * would sort all of them.
 */
export const newestOf = (partnerId: string): string => `
  (partner_id, event) > (${partnerId}, 0) AND (partner_id, event) <= (${partnerId}, ${Number.MAX_SAFE_INTEGER})
  ORDER BY partner_id DESC, event DESC`

/** A join of their deliveries may read all that there are. */
const FOLLOWING = `
  SELECT b.event AS n, b.registration_id AS "registrationId", b.type, b.created_at AS "createdAt", m.state, b.body
  FROM (SELECT * FROM message_bodies WHERE partner_id = $1 AND event > $2 ORDER BY event LIMIT $3) AS b
    CROSS JOIN LATERAL (SELECT state FROM messages WHERE seq = b.seq LIMIT 1) AS m
  ORDER BY b.event`

const following = (tx: Tx, partnerId: string, n: number, limit: number): Promise<EventRow[]> =>
  tx.rows(FOLLOWING, [partnerId, n, limit])
