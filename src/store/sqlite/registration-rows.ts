import type { Db } from './connection.ts'
import { eq } from './drizzle.ts'
import { messages, registrations, verifications } from './schema.ts'

const columns = {
  id: registrations.id,
  partnerId: registrations.partnerId,
  verificationId: registrations.verificationId,
  n: registrations.n,
  accountId: verifications.accountId,
  idcardid: verifications.idcardid,
  callbackUrl: registrations.callbackUrl,
  metadata: registrations.metadata,
  status: registrations.status,
  reason: registrations.reason,
  verdict: verifications.verdict,
  polls: verifications.polls,
  lastPolledAt: verifications.lastPolledAt,
  pollQueue: verifications.queue,
  pollDueAt: verifications.dueAt,
  pollClaimedAt: verifications.claimedAt,
  pollClaims: verifications.claims,
  messageSeq: registrations.messageSeq,
  messageState: messages.state,
  messageClaims: messages.claims,
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
