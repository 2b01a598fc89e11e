import { countResendable, toBulkResend } from '../bulk-resends.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { isResendable, RESEND_WINDOW, type ResendCandidate, takeForResend } from '../rules/bulk-resend.ts'
import { afterTurning } from '../rules/hints.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { lockMessagesOf } from './deliveries.ts'
import { and, eq } from './drizzle.ts'
import { createMessageResending } from './message-resending.ts'
import { bulkResends } from './schema.ts'

type Row = typeof bulkResends.$inferSelect

/** The first exhausted messages of a partner behind a registration, in the order of their registrations. */
const windowOf = (tx: Tx, partnerId: string, cursor: string): Promise<ResendCandidate[]> =>
  tx.rows<ResendCandidate>(
    `SELECT d.registration_id AS "registrationId", b.created_at AS "createdAt", length(b.body) = 0 AS "isErased"
     FROM (SELECT seq, registration_id FROM deliveries
         WHERE partner_id = $1 AND state = 'exhausted' AND registration_id > $2
         ORDER BY registration_id LIMIT ${RESEND_WINDOW}) AS d
       JOIN message_bodies b ON b.seq = d.seq
     ORDER BY d.registration_id`,
    [partnerId, cursor],
  )

type Verbs = Pick<Store, 'startResend' | 'findResend'>

/** What the API asks for. */
export const createBulkResends = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  startResend: async (partnerId, { id, since, until }) => {
    const matching = await countResendable(cursor => read(tx => windowOf(tx, partnerId, cursor)), { since, until })
    const started = await write(async ({ db, at }) => {
      const values = { id, partnerId, since, until, count: matching, done: matching === 0, createdAt: at }
      const [row] = await db.insert(bulkResends).values(values).returning()
      return toBulkResend(row as Row)
    })
    tell([['resendsDue']])
    return started
  },

  findResend: (partnerId, id) =>
    read(async ({ db }) => {
      const [row] = await db
        .select()
        .from(bulkResends)
        .where(and(eq(bulkResends.id, id), eq(bulkResends.partnerId, partnerId)))
      return row ? toBulkResend(row) : null
    }),
})

/** What a worker does of them. */
export const createResendSteps = ({
  read,
  write,
  tell,
}: Pick<Context, 'read' | 'write' | 'tell'>): Pick<Store, 'continueResends'> => {
  const resendMessages = createMessageResending()

  /** One window of the resend whose turn it is, of those that nobody else goes on with. Null: there is none. */
  const continueOne = async (
    tx: Tx,
    limit: number,
  ): Promise<{ resent: number; turns: readonly TurnedCallback[] } | null> => {
    const [open] = await tx.rows<{ id: string }>(
      'SELECT id FROM bulk_resends WHERE NOT done ORDER BY looked, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED',
    )
    if (!open) return null
    const [row] = await tx.db.select().from(bulkResends).where(eq(bulkResends.id, open.id))
    if (!row) return null
    const { batch, progress } = takeForResend(row, await windowOf(tx, row.partnerId, row.cursor), limit)
    const messages = await lockMessagesOf(
      tx,
      batch.map(({ registrationId }) => registrationId),
    )
    // Since the window was read somebody may have cancelled or resent one.
    const waiting = messages.filter(message => message.state === 'exhausted' && isResendable(row, message))
    const turns = await resendMessages(tx, waiting, tx.at)
    await tx.db
      .update(bulkResends)
      .set({ ...progress, resent: row.resent + waiting.length })
      .where(eq(bulkResends.id, row.id))
    return { resent: waiting.length, turns }
  }

  return {
    continueResends: async limit => {
      const [open] = await read(tx => tx.rows('SELECT id FROM bulk_resends WHERE NOT done LIMIT 1'))
      if (!open) return 0
      // Windows in which nothing matches are passed over, each in a transaction of its own.
      while (true) {
        const done = await write(tx => continueOne(tx, limit))
        if (done === null) return 0
        if (done.resent === 0) continue
        tell([['messagesDue'], ...afterTurning(done.turns)])
        return done.resent
      }
    },
  }
}
