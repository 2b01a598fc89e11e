import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { belongs } from './nesting.ts'

type Verbs = Pick<Store, 'prune'>
interface OldRow {
  id: string
  verificationId: number
  messageSeq: number | null
  partnerId: string
  callbackUrl: string
}

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ client, write }: Context): Verbs => {
  const old = client.prepare<[number, number], OldRow>(`
    SELECT registrations.id, verification_id AS verificationId, message_seq AS messageSeq,
      registrations.partner_id AS partnerId, registrations.callback_url AS callbackUrl
    FROM registrations LEFT JOIN messages ON messages.seq = message_seq
    WHERE resolved_at IS NOT NULL AND resolved_at < ? AND coalesce(messages.state, '') <> 'pending'
    ORDER BY resolved_at LIMIT +?`)
  const removeAttempts = client.prepare<{ messageSeq: number }>(
    `DELETE FROM attempts WHERE ${belongs('no', '+@messageSeq')}`,
  )
  const removeMessage = client.prepare<[number]>('DELETE FROM messages WHERE seq = ?')
  const removeRegistration = client.prepare<[string]>('DELETE FROM registrations WHERE id = ?')
  const removeVerification = client.prepare<{ verificationId: number }>(`
    DELETE FROM verifications WHERE id = @verificationId
      AND NOT EXISTS (SELECT 1 FROM registrations WHERE ${belongs('no', '+@verificationId')})`)
  const removePause = client.prepare<OldRow>(`
    DELETE FROM callback_pauses WHERE partner_id = @partnerId AND callback_url = @callbackUrl
      AND NOT EXISTS (SELECT 1 FROM registrations r
        WHERE r.partner_id = @partnerId AND r.callback_url = @callbackUrl)`)

  return {
    prune: (before, limit) =>
      write(() => {
        const rows = old.all(before, limit)
        for (const row of rows) {
          const { id, verificationId, messageSeq } = row
          if (messageSeq !== null) {
            removeAttempts.run({ messageSeq })
            removeMessage.run(messageSeq)
          }
          removeRegistration.run(id)
          removeVerification.run({ verificationId })
          removePause.run(row)
        }
        return rows.length
      }),
  }
}
