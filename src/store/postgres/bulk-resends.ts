import { AppError } from '../../core/error.ts'
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

type Verbs = Pick<Store, 'startResend' | 'countResendable' | 'findResend'>

const createCount =
  ({ read }: Pick<Context, 'read'>): Verbs['countResendable'] =>
  (partnerId, span) =>
    countResendable(cursor => read(tx => windowOf(tx, partnerId, cursor)), span)

/** What the API asks for. */
export const createBulkResends = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  countResendable: createCount({ read }),

  startResend: async (partnerId, { id, since, until }) => {
    const matching = await createCount({ read })(partnerId, { since, until })
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

/** Each has waited for a lock in vain. */
const MOST_HELD_UP = 10

/** What a worker does of them. */
export const createResendSteps = ({
  read,
  write,
  tell,
}: Pick<Context, 'read' | 'write' | 'tell'>): Pick<Store, 'continueResends'> => {
  const resendMessages = createMessageResending()

  /** Those that this round goes on with no more, since somebody keeps busy what they would make due. */
  const heldUp = new Map<string, AppError>()

  /** One window of the resend whose turn it is, of those that nobody else goes on with. Null: there is none. */
  const continueOne = async (
    tx: Tx,
    limit: number,
    onTurn: (id: string) => void,
  ): Promise<{ resent: number; turns: readonly TurnedCallback[] } | null> => {
    const [open] = await tx.rows<{ id: string }>(
      `SELECT id FROM bulk_resends WHERE NOT done AND id <> ALL($1::text[])
       ORDER BY looked, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
      [[...heldUp.keys()]],
    )
    if (!open) return null
    onTurn(open.id)
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

  /** Tells what held one up only now, so that the others have had their turns. */
  const endRound = (): void => {
    const [error] = heldUp.values()
    heldUp.clear()
    if (error) throw error
  }

  /** The same, of the next one where one is held up. */
  const continueNext = async (limit: number): ReturnType<typeof continueOne> => {
    for (;;) {
      let id: string | null = null
      try {
        return await write(tx => continueOne(tx, limit, turn => (id = turn)))
      } catch (error) {
        if (id === null || !(error instanceof AppError && error.isOfPart)) throw error
        heldUp.set(id, error)
        if (heldUp.size >= MOST_HELD_UP) endRound()
      }
    }
  }

  return {
    continueResends: async limit => {
      const [open] = await read(tx => tx.rows('SELECT id FROM bulk_resends WHERE NOT done LIMIT 1'))
      if (!open) return 0
      // Windows in which nothing matches are passed over, each in a transaction of its own.
      while (true) {
        const done = await continueNext(limit)
        if (done === null) {
          endRound()
          return 0
        }
        if (done.resent === 0) continue
        tell([['messagesDue'], ...afterTurning(done.turns)])
        return done.resent
      }
    },
  }
}
