import type { MessageState, MessageType } from '../../core/message.ts'
import { beginOf, EVENT_WINDOW, isOfThisHistory, lastEventBy } from '../rules/events.ts'
import type { EventPage, EventPosition, EventQuery, Store, StoredEvent } from '../store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'listEvents'>
interface FoundEvent {
  n: number
  registrationId: string
  type: MessageType
  createdAt: number
  state: MessageState
  body: Buffer
}

/** A partner's messages in the order of their commits, as a reader goes through them. */
export const createEvents = ({ client, read, sealed, openOr }: Context): Verbs => {
  const newestOf = client.prepare<[partnerId: string], number>('SELECT events FROM partners WHERE id = ?').pluck()
  const createdAtOf = client
    .prepare<[partnerId: string, n: number], number>(
      'SELECT created_at FROM messages WHERE partner_id = ? AND event = ?',
    )
    .pluck()
  const firstFrom = client.prepare<[partnerId: string, n: number], { n: number; at: number }>(`
    SELECT event AS n, created_at AS at FROM messages WHERE partner_id = +? AND event >= +? ORDER BY event LIMIT 1`)

  const following = client.prepare<{ partnerId: string; n: number; limit: number }, FoundEvent>(`
    SELECT event AS n, registration_id AS registrationId, type, created_at AS createdAt, state, body FROM messages
    WHERE partner_id = +@partnerId AND event > +@n ORDER BY event LIMIT +@limit`)

  const bodyOf = (partnerId: string, { registrationId, body }: FoundEvent): string | null =>
    openOr(
      { table: 'messages', id: registrationId },
      { open: () => sealed.message.open({ partnerId, registrationId, body }), instead: null },
    )

  const pageOf = (partnerId: string, { limit, delivery }: EventQuery, begin: EventPosition | null): EventPage => {
    const events: StoredEvent[] = []
    let end = begin
    let looked = 0
    if (limit === 0) return { outcome: 'page', events, end, looked }
    for (const row of following.iterate({ partnerId, n: begin?.n ?? 0, limit: EVENT_WINDOW })) {
      const { registrationId, type, createdAt } = row
      end = { n: row.n, at: createdAt }
      looked++
      // A cancelled registration's message is erased, and tells nothing any more.
      if (row.body.length === 0 || (delivery !== undefined && row.state !== delivery)) continue
      const body = bodyOf(partnerId, row)
      if (body !== null) events.push({ position: end, registrationId, type, createdAt, delivery: row.state, body })
      if (events.length === limit) break
    }
    return { outcome: 'page', events, end, looked }
  }

  return {
    listEvents: (partnerId, query) =>
      read(() => {
        const { after } = query
        const newest = newestOf.get(partnerId) ?? 0
        const facts = { newest, createdAt: after && (createdAtOf.get(partnerId, after.n) ?? null) }
        const lastBy = (at: number | null) => lastEventBy(at, newest, n => firstFrom.get(partnerId, n) ?? null)
        if (after !== null && !isOfThisHistory(after, facts)) return { outcome: 'lost', beginAfter: lastBy(after.at) }
        return pageOf(partnerId, query, beginOf(query, lastBy))
      }),
  }
}
