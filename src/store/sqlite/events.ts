import { isOfThisHistory, lastEventBy } from '../rules/events.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, gt, sql } from './drizzle.ts'
import { messages } from './schema.ts'

type Verbs = Pick<Store, 'listEvents'>

/** A partner's messages in the order of their commits, as a reader goes through them. */
export const createEvents = ({ db, client, read, sealed }: Context): Verbs => {
  const newestOf = client.prepare<[partnerId: string], number>('SELECT events FROM partners WHERE id = ?').pluck()
  const createdAtOf = client
    .prepare<[partnerId: string, n: number], number>(
      'SELECT created_at FROM messages WHERE partner_id = ? AND event = ?',
    )
    .pluck()
  const firstFrom = client.prepare<[partnerId: string, n: number], { n: number; at: number }>(`
    SELECT event AS n, created_at AS at FROM messages WHERE partner_id = +? AND event >= +? ORDER BY event LIMIT 1`)

  const eventsAfter = (partnerId: string, n: number, limit: number) =>
    db
      .select()
      .from(messages)
      // A cancelled registration's message is erased, and tells nothing any more.
      .where(and(eq(messages.partnerId, partnerId), gt(messages.event, n), sql`length(body) > 0`))
      .orderBy(asc(messages.event))
      .limit(limit)
      .all()
      .map(row => ({
        position: { n: row.event, at: row.createdAt },
        registrationId: row.registrationId,
        type: row.type,
        createdAt: row.createdAt,
        delivery: row.state,
        body: sealed.message.open(row),
      }))

  return {
    listEvents: (partnerId, { after, limit }) =>
      read(() => {
        const newest = newestOf.get(partnerId) ?? 0
        const facts = { newest, createdAt: after && (createdAtOf.get(partnerId, after.n) ?? null) }
        if (after === null || isOfThisHistory(after, facts))
          return { outcome: 'page', events: eventsAfter(partnerId, after?.n ?? 0, limit) }
        return {
          outcome: 'lost',
          beginAfter: lastEventBy(after.at, newest, n => firstFrom.get(partnerId, n) ?? null),
        }
      }),
  }
}
