import { type EndedRegistration, FIRST_PLACE, mayErase, type Place } from '../retention.ts'
import type { Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'prune'>
interface Row extends EndedRegistration {
  verificationId: number
  messageSeq: number | null
  partnerId: string
  callbackUrl: string
}

/** So many registrations are looked at together. */
const PAGE = 1_000

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ client, read, write }: Context): Verbs => {
  const statements = prepare(client)
  const pauses = createCallbackPauses({ client })

  const erase = (ids: readonly string[], before: number): number => {
    const rows = statements.find.all(JSON.stringify(ids)).filter(row => mayErase(row, before))
    for (const { id, messageSeq } of rows) {
      statements.removeRegistration.run(id)
      if (messageSeq === null) continue
      statements.removeAttempts.run({ messageSeq })
      statements.removeMessage.run(messageSeq)
    }
    for (const verificationId of new Set(rows.map(row => row.verificationId)))
      if (!statements.registrationOf.get({ verificationId })) statements.removeVerification.run(verificationId)
    // There are few pauses, and who else has a paused URL is known only after a search.
    for (const { partnerId, callbackUrl } of rows)
      if (pauses.since({ partnerId, callbackUrl }) !== null && !statements.registrationFor.get(partnerId, callbackUrl))
        pauses.forget({ partnerId, callbackUrl })
    return rows.length
  }

  /** How far this pass has come; what it passed and kept is looked at again in the next pass. */
  let passedUntil: Place = FIRST_PLACE

  return {
    prune: async (before, limit) => {
      // Ends with the first page that has something to erase, or that is the last one.
      while (true) {
        const page = await read(() => statements.ended.all({ ...passedUntil, before, limit: PAGE }))
        const ids = page.filter(row => mayErase(row, before)).map(({ id }) => id)
        const erased = ids.length === 0 ? 0 : await write(() => erase(ids.slice(0, limit), before))
        if (erased > 0) return erased
        passedUntil = page.length < PAGE ? FIRST_PLACE : (page.at(-1) ?? FIRST_PLACE)
        if (passedUntil === FIRST_PLACE) return 0
      }
    },
  }
}

const prepare = (client: Context['client']) => ({
  ended: client.prepare<Place & { before: number; limit: number }, EndedRegistration & Place>(`
    SELECT registrations.id, resolved_at AS resolvedAt, messages.state AS messageState
    FROM registrations LEFT JOIN messages ON messages.seq = message_seq
    WHERE resolved_at IS NOT NULL AND resolved_at < +@before AND (resolved_at, registrations.id) > (+@resolvedAt, +@id)
    ORDER BY resolved_at, registrations.id LIMIT +@limit`),
  find: client.prepare<[ids: string], Row>(`
    SELECT registrations.id, resolved_at AS resolvedAt, messages.state AS messageState, verification_id AS verificationId,
      message_seq AS messageSeq, registrations.partner_id AS partnerId, registrations.callback_url AS callbackUrl
    FROM registrations LEFT JOIN messages ON messages.seq = message_seq
    WHERE registrations.id IN (SELECT value FROM json_each(?))`),
  removeRegistration: client.prepare<[id: string]>('DELETE FROM registrations WHERE id = ?'),
  removeAttempts: client.prepare<{ messageSeq: number }>('DELETE FROM attempts WHERE message_seq = @messageSeq'),
  removeMessage: client.prepare<[seq: number]>('DELETE FROM messages WHERE seq = ?'),
  /** One of those that the verification still has. */
  registrationOf: client.prepare<{ verificationId: number }>(
    'SELECT id FROM registrations WHERE verification_id = +@verificationId LIMIT 1',
  ),
  removeVerification: client.prepare<[id: number]>('DELETE FROM verifications WHERE id = ?'),
  registrationFor: client.prepare<[partnerId: string, callbackUrl: string]>(
    'SELECT id FROM registrations WHERE partner_id = +? AND callback_url = ? LIMIT 1',
  ),
})
