import type { Verdict } from '../../core/answer.ts'
import { type MessageType, webhookBody } from '../../core/message.ts'
import { readTestSerial } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { RegistrationStatus } from '../store.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

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
export const createTeller = ({ client, vault, now, sandbox }: Context) => {
  const lanes = createLanes(client)
  const statements = prepare(client)

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
      thin: statements.isThin.get(registration.partnerId) === 1,
      sandbox: sandbox && readTestSerial(ending.idcardid) !== null,
      metadata: JSON.parse(registration.metadata) as Record<string, string>,
      observedAt: ending.observedAt,
      previousPollAt: ending.previousPollAt,
    })
    const { partnerId, id: registrationId } = registration
    const { lastInsertRowid } = statements.addMessage.run({
      partnerId,
      registrationId,
      laneId: registration.laneId,
      type,
      body: vault.seal(body, messageContext({ partnerId, registrationId })),
      at,
    })
    lanes.advance(registration.laneId, at)
    statements.endRegistration.run(status, ending.reason, at, lastInsertRowid, registrationId)
  }
}

const endOf = (verdict: Verdict | null): { status: RegistrationStatus; type: MessageType } => {
  if (verdict === null) return { status: 'unresolved', type: 'idface.unresolved' }
  return verdict.status === 'SUCCESS'
    ? { status: 'succeeded', type: 'idface.succeeded' }
    : { status: 'failed', type: 'idface.failed' }
}

const prepare = (client: Context['client']) => ({
  isThin: client.prepare<[id: string], 0 | 1>("SELECT payload = 'thin' FROM partners WHERE id = ?").pluck(),
  addMessage: client.prepare<{
    partnerId: string
    registrationId: string
    laneId: number
    type: MessageType
    body: Buffer
    at: number
  }>(`
    INSERT INTO messages (partner_id, registration_id, lane_id, type, body, created_at, due_at, state)
    VALUES (@partnerId, @registrationId, @laneId, @type, @body, @at, @at, 'pending')`),
  endRegistration: client.prepare<
    [status: RegistrationStatus, reason: Reason | null, at: number, messageSeq: number | bigint, id: string]
  >('UPDATE registrations SET status = ?, reason = ?, resolved_at = ?, message_seq = ? WHERE id = ?'),
})
