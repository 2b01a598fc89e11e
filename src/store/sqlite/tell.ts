import type { Verdict } from '../../core/answer.ts'
import { type MessageType, webhookBody } from '../../core/message.ts'
import { readTestSerial } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { RegistrationStatus } from '../store.ts'
import type { Context } from './context.ts'
import { eq, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { messages, partners, registrations } from './schema.ts'

/** A registration that has just ended, as far as its message needs it. */
export interface Ending {
  registration: { id: string; partnerId: string; laneId: number; metadata: string }
  idcardid: string
  verdict: Verdict | null
  reason: Reason | null
  rawStatus: string | null
  observedAt: number
  previousPollAt: number | null
}

export const messageContext = (row: { partnerId: string; registrationId: string }) =>
  `message|${row.partnerId}|${row.registrationId}`

/** Ends registrations and creates the messages that tell it, within the caller's transaction. */
export const createTeller = ({ db, vault, now, sandbox }: Context) => {
  const lanes = createLanes(db)
  const statements = prepare(db)

  return (ending: Ending): void => {
    const at = now()
    const { registration, verdict } = ending
    const { status, type } = endOf(verdict)
    const body = webhookBody({
      type,
      timestamp: at,
      registrationId: registration.id,
      idcardid: ending.idcardid,
      status: verdict?.status ?? ending.rawStatus,
      reason: ending.reason,
      verdict,
      thin: statements.payload.get({ id: registration.partnerId })?.payload === 'thin',
      sandbox: sandbox && readTestSerial(ending.idcardid) !== null,
      metadata: JSON.parse(registration.metadata) as Record<string, string>,
      observedAt: ending.observedAt,
      previousPollAt: ending.previousPollAt,
    })
    const { partnerId, id: registrationId } = registration
    const message = statements.addMessage.get({
      partnerId,
      registrationId,
      laneId: registration.laneId,
      type,
      body: vault.seal(body, messageContext({ partnerId, registrationId })),
      at,
    })
    lanes.advance(registration.laneId, at)
    statements.endRegistration.run({
      id: registrationId,
      status,
      reason: ending.reason,
      at,
      messageSeq: message?.seq,
    })
  }
}

const endOf = (verdict: Verdict | null): { status: RegistrationStatus; type: MessageType } => {
  if (verdict === null) return { status: 'unresolved', type: 'idface.unresolved' }
  return verdict.status === 'SUCCESS'
    ? { status: 'succeeded', type: 'idface.succeeded' }
    : { status: 'failed', type: 'idface.failed' }
}

const prepare = (db: Context['db']) => ({
  payload: db
    .select({ payload: partners.payload })
    .from(partners)
    .where(eq(partners.id, sql.placeholder('id')))
    .prepare(),
  addMessage: db
    .insert(messages)
    .values({
      partnerId: sql.placeholder('partnerId'),
      registrationId: sql.placeholder('registrationId'),
      laneId: sql.placeholder('laneId'),
      type: sql.placeholder('type'),
      body: sql.placeholder('body'),
      createdAt: sql.placeholder('at'),
      dueAt: sql.placeholder('at'),
      state: 'pending',
    })
    .returning({ seq: messages.seq })
    .prepare(),
  endRegistration: db
    .update(registrations)
    .set({
      status: sql`${sql.placeholder('status')}`,
      reason: sql`${sql.placeholder('reason')}`,
      resolvedAt: sql`${sql.placeholder('at')}`,
      messageSeq: sql`${sql.placeholder('messageSeq')}`,
    })
    .where(eq(registrations.id, sql.placeholder('id')))
    .prepare(),
})
