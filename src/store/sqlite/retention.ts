import type { MessageState } from '../../core/message.ts'
import { byEnd, isLaneUnused, mayErase, mayEraseAccount } from '../rules/retention.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'prune'>
interface Row {
  id: string
  resolvedAt: number
  verificationId: number
  laneId: number
  messageSeq: number | null
  messageState: MessageState | null
  messageDueAt: number | null
}

/** So many secrets are erased in a batch. */
const REST_IN_A_BATCH = 1_000

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ client, read, write, now }: Context): Verbs => {
  const statements = prepare(client)

  /** Two indexes have exactly what may be erased, in order, so what is kept costs nothing. */
  const find = (before: number, limit: number): Row[] =>
    [...statements.withMessage.all({ before, limit }), ...statements.withoutMessage.all({ before, limit })]
      .filter(row => mayErase({ ...row, message: messageOf(row) }, before))
      .sort(byEnd)
      .slice(0, limit)

  /** One seek each. */
  const usesOf = (laneId: number) => ({
    hasRegistration: statements.registrationInLane.get({ laneId }) !== undefined,
    hasDueMessage: statements.dueInLane.get({ laneId }) !== undefined,
  })

  const erase = (rows: readonly Row[]): void => {
    for (const { id, messageSeq } of rows) {
      statements.removeRegistration.run(id)
      if (messageSeq === null) continue
      statements.removeAttempts.run({ messageSeq })
      statements.removeMessage.run(messageSeq)
    }
    for (const verificationId of new Set(rows.map(row => row.verificationId)))
      if (!statements.registrationOf.get({ verificationId })) statements.removeVerification.run(verificationId)
    for (const laneId of new Set(rows.map(row => row.laneId)))
      if (isLaneUnused(usesOf(laneId))) statements.removeLane.run(laneId)
  }

  const oldAccounts = () => statements.removedAccounts.all().filter(account => mayEraseAccount(account, now()))

  /** Whether there is something to erase beside registrations. */
  const hasRest = (before: number): boolean =>
    oldAccounts().length > 0 ||
    [statements.oldSecret, statements.oldUrl, statements.oldHold].some(old => old.get({ before }) !== undefined)

  const eraseRest = (before: number): void => {
    const old = { before, limit: REST_IN_A_BATCH }
    statements.removeSecrets.run(old)
    statements.releaseUrls.run({ before })
    statements.removeUrls.run({ before })
    for (const { id } of oldAccounts()) statements.removeAccount.run(id)
  }

  return {
    prune: async (before, limit) => {
      const isIdle = await read(() => !hasRest(before) && find(before, limit).length === 0)
      if (isIdle) return 0
      return write(() => {
        const rows = find(before, limit)
        erase(rows)
        if (rows.length < limit) eraseRest(before)
        return rows.length
      })
    },
  }
}

const OLD_URL = "held_since IS NULL AND state <> 'releasing' AND last_at < +@before"
/** Nothing is held for them. */
const OLD_HOLD = `held_since < +@before AND NOT EXISTS (
  SELECT 1 FROM messages m WHERE m.partner_id = callbacks.partner_id AND m.callback_url = callbacks.callback_url
    AND m.state = 'pending' AND m.due_at IS NULL)`

const messageOf = ({ messageState, messageDueAt }: Row) =>
  messageState === null ? null : { state: messageState, dueAt: messageDueAt }

const prepare = (client: Context['client']) => ({
  /** A message is created when its registration ends. */
  withMessage: client.prepare<{ before: number; limit: number }, Row>(`
    SELECT r.id, m.created_at AS resolvedAt, r.verification_id AS verificationId, r.lane_id AS laneId, m.seq AS messageSeq,
      m.state AS messageState, m.due_at AS messageDueAt
    FROM messages m CROSS JOIN registrations r ON r.id = m.registration_id
    WHERE m.due_at IS NULL AND m.created_at < +@before ORDER BY m.created_at, m.registration_id LIMIT +@limit`),
  withoutMessage: client.prepare<{ before: number; limit: number }, Row>(`
    SELECT id, resolved_at AS resolvedAt, verification_id AS verificationId, lane_id AS laneId, NULL AS messageSeq,
      NULL AS messageState, NULL AS messageDueAt
    FROM registrations
    WHERE message_seq IS NULL AND resolved_at IS NOT NULL AND resolved_at < +@before ORDER BY resolved_at, id LIMIT +@limit`),
  removeRegistration: client.prepare<[id: string]>('DELETE FROM registrations WHERE id = ?'),
  removeAttempts: client.prepare<{ messageSeq: number }>('DELETE FROM attempts WHERE message_seq = @messageSeq'),
  removeMessage: client.prepare<[seq: number]>('DELETE FROM messages WHERE seq = ?'),
  /** One of those that the verification still has. */
  registrationOf: client.prepare<{ verificationId: number }>(
    'SELECT id FROM registrations WHERE verification_id = +@verificationId LIMIT 1',
  ),
  removeVerification: client.prepare<[id: number]>('DELETE FROM verifications WHERE id = ?'),
  registrationInLane: client.prepare<{ laneId: number }>(
    'SELECT id FROM registrations WHERE lane_id = +@laneId LIMIT 1',
  ),
  dueInLane: client.prepare<{ laneId: number }>(
    'SELECT seq FROM messages WHERE lane_id = +@laneId AND due_at IS NOT NULL LIMIT 1',
  ),
  removeLane: client.prepare<[id: number]>('DELETE FROM lanes WHERE id = ?'),
  oldSecret: client.prepare<{ before: number }>(`
    SELECT id FROM signing_secrets WHERE expires_at IS NOT NULL AND expires_at < +@before LIMIT 1`),
  removeSecrets: client.prepare<{ before: number; limit: number }>(`
    DELETE FROM signing_secrets WHERE id IN (
      SELECT id FROM signing_secrets WHERE expires_at IS NOT NULL AND expires_at < +@before ORDER BY expires_at LIMIT +@limit)`),
  oldUrl: client.prepare<{ before: number }>(`SELECT 1 FROM callbacks WHERE ${OLD_URL} LIMIT 1`),
  removeUrls: client.prepare<{ before: number }>(`DELETE FROM callbacks WHERE ${OLD_URL}`),
  oldHold: client.prepare<{ before: number }>(`SELECT 1 FROM callbacks WHERE ${OLD_HOLD} LIMIT 1`),
  /** A claim forgets them. */
  releaseUrls: client.prepare<{ before: number }>(`
    UPDATE callbacks SET state = 'releasing', held_since = NULL, notice_due_at = NULL WHERE ${OLD_HOLD}`),
  removedAccounts: client.prepare<[], { id: string; removedAt: number; isWaitedFor: boolean }>(`
    SELECT id, removed_at AS removedAt,
      EXISTS (SELECT 1 FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL) AS isWaitedFor
    FROM accounts WHERE removed_at IS NOT NULL`),
  removeAccount: client.prepare<[id: string]>('DELETE FROM accounts WHERE id = ?'),
})
