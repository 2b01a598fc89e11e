import type { RegistrationStatus } from '../../core/registration.ts'
import type { StoredVerification } from '../rules/register.ts'
import type { Db } from './connection.ts'
import { type Context, onceForContext } from './context.ts'
import { and, eq, sql } from './drizzle.ts'
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
const selectRegistrations = (db: Db) =>
  db
    .select(columns)
    .from(registrations)
    .innerJoin(verifications, eq(verifications.id, registrations.verificationId))
    .leftJoin(messages, eq(messages.seq, registrations.messageSeq))
    .$dynamic()

interface FoundMessage {
  claims: number
  claimedAt: number | null
  unrecorded: number
  laneId: number
}

export const prepareRegistrations = onceForContext(({ db, client }: Pick<Context, 'db' | 'client'>) => ({
  find: selectRegistrations(db)
    .where(and(eq(registrations.id, sql.placeholder('id')), eq(registrations.partnerId, sql.placeholder('partnerId'))))
    .prepare(),
  /** All of a serial, the first first. An array: an object of a row costs as much as finding it. */
  ofSerial: client
    .prepare<[verificationId: number], [n: number, id: string, RegistrationStatus, callbackUrl: string]>(
      'SELECT n, id, status, callback_url FROM registrations WHERE verification_id = +? ORDER BY n',
    )
    .raw(),
  findVerification: client.prepare<[idcardid: string, accountId: string], StoredVerification>(`
    SELECT id, partner_id AS partnerId, queue, due_at AS dueAt, claimed_at AS claimedAt, verdict, observed_at AS observedAt,
      previous_poll_at AS previousPollAt
    FROM verifications WHERE idcardid = ? AND account_id = ?`),
  /** Whose a key is: of the serial that is its own key, or of others that have it. */
  ownerOfSerialKey: client
    .prepare<{ key: string; accountId: string }, string>(`
      SELECT partner_id FROM verifications WHERE idcardid = +@key AND account_id = +@accountId
      UNION ALL SELECT partner_id FROM verifications WHERE serial_key = +@key AND account_id = +@accountId
      LIMIT 1`)
    .pluck(),
  addVerification: client.prepare<
    [
      accountId: string,
      partnerId: string,
      idcardid: string,
      serialKey: string | null,
      createdAt: number,
      nudgedAt: number,
      queue: number,
      dueAt: number,
    ]
  >(`
    INSERT INTO verifications (account_id, partner_id, idcardid, serial_key, created_at, nudged_at, queue,
      due_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
  add: client.prepare<
    [
      verificationId: number,
      n: number,
      id: string,
      partnerId: string,
      callbackUrl: string,
      laneId: number,
      metadata: Buffer | string,
      createdAt: number,
      expiresAt: number,
      traceparent: string | null,
    ]
  >(`
    INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at,
      expires_at, traceparent)
    VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)`),
  nudge: client.prepare<[nudgedAt: number, queue: number, dueAt: number, id: number]>(
    'UPDATE verifications SET nudged_at = ?, queue = ?, due_at = ? WHERE id = ?',
  ),
  /** Another registration of the serial whose status is among these. */
  hasOther: client.prepare<{ verificationId: number; n: number; among: string }, { n: number }>(`
    SELECT n FROM registrations
    WHERE verification_id = +@verificationId AND n <> @n AND status IN (SELECT value FROM json_each(@among)) LIMIT 1`),
  cancel: client.prepare<[resolvedAt: number, verificationId: number, n: number]>(`
    UPDATE registrations SET status = 'cancelled', metadata = '{}', resolved_at = ? WHERE verification_id = ? AND n = ?`),
  stopMessage: client.prepare<[state: string, claims: number, seq: number | null]>(`
    UPDATE messages SET state = ?, due_at = NULL, claimed_at = NULL, claims = ?, body = x'' WHERE seq = ?`),
  eraseExcerpts: client.prepare<[seq: number | null]>(
    'UPDATE attempts SET response_excerpt = NULL WHERE message_seq = ?',
  ),
  stopVerification: client.prepare<[claims: number, id: number]>(
    'UPDATE verifications SET due_at = NULL, claimed_at = NULL, claims = ? WHERE id = ?',
  ),
  eraseVerdict: client.prepare<[id: number]>(`
    UPDATE verifications SET verdict = NULL, raw_status = NULL, observed_at = NULL, previous_poll_at = NULL
    WHERE id = ?`),
  findMessage: client.prepare<[seq: number], FoundMessage>(
    'SELECT claims, claimed_at AS claimedAt, unrecorded, lane_id AS laneId FROM messages WHERE seq = ?',
  ),
}))
