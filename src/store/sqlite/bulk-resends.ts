import { tellHints } from '../hints.ts'
import type { BulkResend, Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { createMessageResending } from './message-resending.ts'
import { bulkResends } from './schema.ts'

type Verbs = Pick<Store, 'startResend' | 'findResend' | 'continueResends'>
type Row = typeof bulkResends.$inferSelect
type Span = Pick<Row, 'partnerId' | 'since' | 'until' | 'cursor'>
interface FoundMessage {
  seq: number
  claims: number
  laneId: number
  registrationId: string
  callbackUrl: string
}

/** What was exhausted in the time span, from after the cursor on. A cancelled registration's message says nothing any more. */
const MATCHING = `FROM messages WHERE partner_id = @partnerId AND state = 'exhausted' AND state <> 'delivered'
  AND registration_id > @cursor AND created_at >= @since AND created_at <= @until AND length(body) > 0`

export const createBulkResends = ({ db, client, read, write, now, hints }: Context): Verbs => {
  const beginLanes = createLanes(client)
  const resendMessage = createMessageResending({ client })
  const countMatching = client.prepare<Span, number>(`SELECT count(*) ${MATCHING}`).pluck()
  const nextMatching = client.prepare<Span & { limit: number }, FoundMessage>(`
    SELECT seq, claims, lane_id AS laneId, registration_id AS registrationId, callback_url AS callbackUrl
    ${MATCHING} ORDER BY registration_id LIMIT +@limit`)

  const spanOf = ({ partnerId, since, until, cursor }: Row): Span => ({ partnerId, since, until, cursor })

  const open = () =>
    db.select().from(bulkResends).where(sql`done = 0`).orderBy(asc(bulkResends.id)).limit(1).get() as Row | undefined

  const continueOne = (row: Row, limit: number): number => {
    const at = now()
    const lanes = beginLanes()
    const batch = nextMatching.all({ ...spanOf(row), limit })
    for (const message of batch) resendMessage({ ...message, partnerId: row.partnerId }, at, lanes)
    lanes.save()
    db.update(bulkResends)
      .set({
        resent: row.resent + batch.length,
        cursor: batch.at(-1)?.registrationId ?? row.cursor,
        done: batch.length < limit,
      })
      .where(eq(bulkResends.id, row.id))
      .run()
    return batch.length
  }

  return {
    startResend: async (partnerId, { id, since, until }) => {
      const started = await write(() => {
        const count = countMatching.get({ partnerId, since, until, cursor: '' }) ?? 0
        const values = { id, partnerId, since, until, count, done: count === 0, createdAt: now() }
        return toBulkResend(db.insert(bulkResends).values(values).returning().get())
      })
      tellHints(hints, [['resendsDue']])
      return started
    },

    findResend: (partnerId, id) =>
      read(() => {
        const row = db
          .select()
          .from(bulkResends)
          .where(and(eq(bulkResends.id, id), eq(bulkResends.partnerId, partnerId)))
          .get()
        return row ? toBulkResend(row) : null
      }),

    continueResends: async limit => {
      if (!(await read(open))) return 0
      const resent = await write(() => {
        // A resend may have nothing left; then the next one has its turn, so that 0 means that none is open.
        for (let row = open(); row; row = open()) {
          const count = continueOne(row, limit)
          if (count > 0) return count
        }
        return 0
      })
      if (resent > 0) tellHints(hints, [['messagesDue']])
      return resent
    },
  }
}

const toBulkResend = ({ id, since, until, count, resent, done }: Row): BulkResend => ({
  id,
  since,
  until,
  count,
  resent,
  done,
})
