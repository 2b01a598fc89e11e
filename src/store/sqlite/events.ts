import type { MessageState, MessageType } from '../../core/message.ts'
import { isOfThisHistory, lastEventBy } from '../rules/events.ts'
import type { EventPage, EventPosition, Store, StoredEvent } from '../store.ts'
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

/** So many that cannot be decrypted are passed over in one page; the next page goes on after them. */
const MOST_UNREADABLE = 1_000

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

  /** A cancelled registration's message is erased, and tells nothing any more. */
  const following = client.prepare<{ partnerId: string; n: number; limit: number }, FoundEvent>(`
    SELECT event AS n, registration_id AS registrationId, type, created_at AS createdAt, state, body FROM messages
    WHERE partner_id = +@partnerId AND event > +@n AND length(body) > 0 ORDER BY event LIMIT +@limit`)

  const bodyOf = (partnerId: string, { registrationId, body }: FoundEvent): string | null =>
    openOr(
      { table: 'messages', id: registrationId },
      { open: () => sealed.message.open({ partnerId, registrationId, body }), instead: null },
    )

  const pageAfter = (partnerId: string, n: number, limit: number): EventPage => {
    const events: StoredEvent[] = []
    let end: EventPosition | null = null
    if (limit === 0) return { outcome: 'page', events, end }
    for (const row of following.iterate({ partnerId, n, limit: limit + MOST_UNREADABLE })) {
      const { registrationId, type, createdAt } = row
      end = { n: row.n, at: createdAt }
      const body = bodyOf(partnerId, row)
      if (body !== null) events.push({ position: end, registrationId, type, createdAt, delivery: row.state, body })
      if (events.length === limit) break
    }
    return { outcome: 'page', events, end }
  }

  return {
    listEvents: (partnerId, { after: position, limit }) =>
      read(() => {
        const newest = newestOf.get(partnerId) ?? 0
        const facts = { newest, createdAt: position && (createdAtOf.get(partnerId, position.n) ?? null) }
        if (position === null || isOfThisHistory(position, facts)) return pageAfter(partnerId, position?.n ?? 0, limit)
        return {
          outcome: 'lost',
          beginAfter: lastEventBy(position.at, newest, n => firstFrom.get(partnerId, n) ?? null),
        }
      }),
  }
}
