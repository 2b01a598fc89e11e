import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'prune'>

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ client, write }: Context): Verbs => {
  const old = client.prepare<[number, number], { id: string; verificationId: number; messageSeq: number | null }>(`
    SELECT registrations.id, verification_id AS verificationId, message_seq AS messageSeq
    FROM registrations LEFT JOIN messages ON messages.seq = message_seq
    WHERE resolved_at IS NOT NULL AND resolved_at < ? AND coalesce(messages.state, '') <> 'pending'
    ORDER BY resolved_at LIMIT ?`)
  const removeAttempts = client.prepare<[number]>('DELETE FROM attempts WHERE message_seq = ?')
  const removeMessage = client.prepare<[number]>('DELETE FROM messages WHERE seq = ?')
  const removeRegistration = client.prepare<[string]>('DELETE FROM registrations WHERE id = ?')
  const removeVerification = client.prepare<[number, number]>(`
    DELETE FROM verifications WHERE id = ?
      AND NOT EXISTS (SELECT 1 FROM registrations WHERE verification_id = ?)`)

  return {
    prune: (before, limit) =>
      write(() => {
        const rows = old.all(before, limit)
        for (const { id, verificationId, messageSeq } of rows) {
          if (messageSeq !== null) {
            removeAttempts.run(messageSeq)
            removeMessage.run(messageSeq)
          }
          removeRegistration.run(id)
          removeVerification.run(verificationId, verificationId)
        }
        return rows.length
      }),
  }
}
