import { openBody } from '../registration-rows.ts'
import { beginOf, EVENT_WINDOW, type EventRow, eventPageOf, isOfThisHistory, lastEventBy } from '../rules/events.ts'
import { answer } from '../rules/questions.ts'
import type { EventPosition, Store } from '../store.ts'
import type { Context } from './context.ts'

/** A partner's messages in the order of their commits, as a reader goes through them. */
export const createEvents = (context: Context) => {
  const { client, read } = context
  const newestOf = client.prepare<[partnerId: string], number>('SELECT events FROM partners WHERE id = ?').pluck()
  const createdAtOf = client
    .prepare<[partnerId: string, n: number], number>(
      'SELECT created_at FROM messages WHERE partner_id = ? AND event = ?',
    )
    .pluck()
  const firstFrom = client.prepare<[partnerId: string, n: number], EventPosition>(`
    SELECT event AS n, created_at AS at FROM messages WHERE partner_id = +? AND event >= +? ORDER BY event LIMIT 1`)

  const following = client.prepare<{ partnerId: string; n: number; limit: number }, EventRow>(`
    SELECT event AS n, registration_id AS registrationId, type, created_at AS createdAt, state, body FROM messages
    WHERE partner_id = +@partnerId AND event > +@n ORDER BY event LIMIT +@limit`)

  return {
    listEvents: (partnerId, query) =>
      read(() => {
        const { after } = query
        const newest = newestOf.get(partnerId) ?? 0
        const facts = { newest, createdAt: after && (createdAtOf.get(partnerId, after.n) ?? null) }
        const findFirst = (n: number) => firstFrom.get(partnerId, n) ?? null
        if (after !== null && !isOfThisHistory(after, facts))
          return { outcome: 'lost', beginAfter: answer(lastEventBy(after.at, newest), findFirst) }
        const begin = answer(beginOf(query, newest), findFirst)
        const rows = following.iterate({ partnerId, n: begin?.n ?? 0, limit: EVENT_WINDOW })
        return eventPageOf(rows, { ...query, begin }, row => openBody(context, { ...row, partnerId }))
      }),
  } satisfies Partial<Store>
}
