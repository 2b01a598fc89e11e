import { REMOVED_KEPT_MS } from '../account.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

interface Ended {
  id: string
  verificationId: number
  laneId: number
  messageSeq: number | null
}

/** Erases what ended long ago, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ client, write, now }: Context): Pick<Store, 'prune'> => {
  const statements = prepare(client)

  const erase = (row: Ended): void => {
    statements.removeRegistration.run(row)
    statements.removeAttempts.run(row)
    statements.removeMessage.run(row)
    statements.removeVerification.run(row)
    statements.removeLane.run(row)
  }

  return {
    prune: (before, limit) =>
      write(() => {
        const rows = statements.ended.all({ before, limit })
        for (const row of rows) erase(row)
        if (rows.length < limit)
          for (const rest of statements.rest) rest.run({ before, removedBefore: now() - REMOVED_KEPT_MS })
        return rows.length
      }),
  }
}

const prepare = (client: Context['client']) => ({
  /** The oldest first. What waits to be sent is kept, however old; what is held has no due time. */
  ended: client.prepare<{ before: number; limit: number }, Ended>(`
    SELECT id, verification_id AS verificationId, lane_id AS laneId, message_seq AS messageSeq FROM registrations
    WHERE resolved_at IS NOT NULL AND resolved_at < +@before
      AND (SELECT due_at FROM messages WHERE seq = message_seq) IS NULL
    ORDER BY resolved_at, id LIMIT +@limit`),
  removeRegistration: client.prepare<Ended>('DELETE FROM registrations WHERE id = @id'),
  removeAttempts: client.prepare<Ended>('DELETE FROM attempts WHERE message_seq = @messageSeq'),
  removeMessage: client.prepare<Ended>('DELETE FROM messages WHERE seq = @messageSeq'),
  removeVerification: client.prepare<Ended>(`
    DELETE FROM verifications WHERE id = @verificationId
      AND NOT EXISTS (SELECT 1 FROM registrations WHERE verification_id = @verificationId)`),
  removeLane: client.prepare<Ended>(`
    DELETE FROM lanes WHERE id = @laneId AND NOT EXISTS (SELECT 1 FROM registrations WHERE lane_id = @laneId)`),
  rest: [
    // Nothing is held for these URLs. A claim forgets them.
    `UPDATE callbacks SET state = 'releasing', held_since = NULL, notice_due_at = NULL
     WHERE held_since < @before AND NOT EXISTS (
       SELECT 1 FROM messages m WHERE m.partner_id = callbacks.partner_id AND m.callback_url = callbacks.callback_url
         AND m.state = 'pending' AND m.due_at IS NULL)`,
    "DELETE FROM callbacks WHERE held_since IS NULL AND state <> 'releasing' AND last_at < @before",
    'DELETE FROM signing_secrets WHERE expires_at IS NOT NULL AND expires_at < @before',
    `DELETE FROM accounts WHERE removed_at < @removedBefore
       AND NOT EXISTS (SELECT 1 FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL)`,
  ].map(text => client.prepare<{ before: number; removedBefore: number }>(text)),
})
