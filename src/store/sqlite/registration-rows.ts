import { type MessageState, messageIdOf } from '../../core/message.ts'
import type { Sealed } from '../sealed.ts'
import type { Registration } from '../store.ts'
import type { Db } from './connection.ts'
import { eq } from './drizzle.ts'
import { messages, registrations, verifications } from './schema.ts'

const columns = {
  id: registrations.id,
  partnerId: registrations.partnerId,
  verificationId: registrations.verificationId,
  idcardid: verifications.idcardid,
  callbackUrl: registrations.callbackUrl,
  metadata: registrations.metadata,
  status: registrations.status,
  reason: registrations.reason,
  verdict: verifications.verdict,
  polls: verifications.polls,
  lastPolledAt: verifications.lastPolledAt,
  pollDueAt: verifications.dueAt,
  pollClaimedAt: verifications.claimedAt,
  messageSeq: registrations.messageSeq,
  messageState: messages.state,
  attempts: messages.attempts,
  sendDueAt: messages.dueAt,
  sendClaimedAt: messages.claimedAt,
  createdAt: registrations.createdAt,
  expiresAt: registrations.expiresAt,
  resolvedAt: registrations.resolvedAt,
}

/** Registrations with what their verification and their message add to them. */
export const selectRegistrations = (db: Db) =>
  db
    .select(columns)
    .from(registrations)
    .innerJoin(verifications, eq(verifications.id, registrations.verificationId))
    .leftJoin(messages, eq(messages.seq, registrations.messageSeq))
    .$dynamic()

export type RegistrationRow = NonNullable<ReturnType<ReturnType<typeof selectRegistrations>['get']>>

export const toRegistration = (sealed: Sealed, row: RegistrationRow): Registration => {
  const told = row.status === 'succeeded' || row.status === 'failed'
  return {
    id: row.id,
    partnerId: row.partnerId,
    idcardid: row.idcardid,
    callbackUrl: row.callbackUrl,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    status: row.status,
    reason: row.reason,
    verdict: told ? sealed.verdict.open(row) : null,
    polls: row.polls,
    lastPolledAt: row.lastPolledAt,
    // While claimed, the due time is the end of the lease, which tells nobody anything: it is being asked now.
    nextPollAt: row.status === 'pending' ? (row.pollClaimedAt ?? row.pollDueAt) : null,
    delivery: {
      messageId: row.messageSeq === null ? null : messageIdOf(row.id),
      state: row.messageState ?? withoutMessage(row),
      attempts: row.attempts ?? 0,
      nextAttemptAt: row.sendClaimedAt ?? row.sendDueAt,
    },
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    resolvedAt: row.resolvedAt,
  }
}

const withoutMessage = ({ status }: RegistrationRow): MessageState => (status === 'cancelled' ? 'exhausted' : 'pending')
