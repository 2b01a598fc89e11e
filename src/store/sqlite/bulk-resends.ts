import { countResendable, toBulkResend } from '../bulk-resends.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { tellHints } from '../hints.ts'
import { RESEND_WINDOW, type ResendCandidate, takeForResend } from '../rules/bulk-resend.ts'
import { afterTurning } from '../rules/hints.ts'
import type { Store } from '../store.ts'
import { createCallbackHealth } from './callback-health.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { and, asc, eq, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { createMessageResending } from './message-resending.ts'
import { bulkResends } from './schema.ts'

type Verbs = Pick<Store, 'startResend' | 'findResend' | 'continueResends'>
interface FoundMessage extends Omit<ResendCandidate, 'isErased'> {
  isErased: 0 | 1
  seq: number
  claims: number
  claimedAt: number | null
  unrecorded: number
  laneId: number
  callbackUrl: string
}

export const createBulkResends = ({ db, client, read, write, now, hints }: Context): Verbs => {
  const beginLanes = createLanes(client)
  const pauses = createCallbackPauses({ client })
  const health = createCallbackHealth({ client })
  const resendMessage = createMessageResending({ client })
  const exhausted = client.prepare<{ partnerId: string; cursor: string; limit: number }, FoundMessage>(`
    SELECT seq, claims, claimed_at AS claimedAt, unrecorded, lane_id AS laneId, registration_id AS registrationId, callback_url AS callbackUrl,
      created_at AS createdAt, length(body) = 0 AS isErased
    FROM messages
    WHERE partner_id = +@partnerId AND state = 'exhausted' AND state <> 'delivered' AND registration_id > +@cursor
    ORDER BY registration_id LIMIT +@limit`)

  const windowOf = (partnerId: string, cursor: string) =>
    exhausted
      .all({ partnerId, cursor, limit: RESEND_WINDOW })
      .map(({ isErased, ...row }) => ({ ...row, partnerId, isErased: isErased === 1 }))

  const nextOpen = db
    .select()
    .from(bulkResends)
    .where(sql`done = 0`)
    .orderBy(asc(bulkResends.looked), asc(bulkResends.id))
    .limit(1)
    .prepare()
  const open = () => nextOpen.get()

  /** One window of the resend whose turn it is. */
  const continueOne = (limit: number): { resent: number; turns: readonly TurnedCallback[] } => {
    const row = open()
    if (!row) return { resent: 0, turns: [] }
    const lanes = beginLanes()
    const at = now()
    const book = health.begin(at)
    const lift = pauses.beginLifting('resend', { at, lanes, health: book })
    const { batch, progress } = takeForResend(row, windowOf(row.partnerId, row.cursor), limit)
    for (const message of batch) resendMessage(message, { at, lanes, lift })
    lanes.save()
    book.save()
    db.update(bulkResends).set(progress).where(eq(bulkResends.id, row.id)).run()
    return { resent: batch.length, turns: book.turns }
  }

  return {
    startResend: async (partnerId, { id, since, until }) => {
      const matching = await countResendable(cursor => read(() => windowOf(partnerId, cursor)), { since, until })
      const started = await write(() => {
        const values = { id, partnerId, since, until, count: matching, done: matching === 0, createdAt: now() }
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
      // Windows in which nothing matches are passed over, each in a transaction of its own.
      while (await read(open)) {
        const { resent, turns } = await write(() => continueOne(limit))
        if (resent === 0) continue
        tellHints(hints, [['messagesDue'], ...afterTurning(turns)])
        return resent
      }
      return 0
    },
  }
}
