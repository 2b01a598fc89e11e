import type { Verdict } from '../../core/answer.ts'
import { type MessageType, webhookBody } from '../../core/message.ts'
import { readTestSerial } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { RegistrationStatus } from '../store.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

/** A registration that has just ended, as far as its message needs it. */
export interface Ending {
  registration: { no: number; id: string; partnerId: string; laneId: number; callbackUrl: string; metadata: string }
  idcardid: string
  verdict: Verdict | null
  reason: Reason | null
  rawStatus: string | null
  observedAt: number
  previousPollAt: number | null
}

export interface Telling {
  tell(ending: Ending): void
  /** All has been told. */
  end(): void
}

/** Ends registrations and creates the messages that tell it, within the caller's transaction. */
export const createTeller = ({ client, sealed, now, sandbox }: Context) => {
  const lanes = createLanes(client)
  const statements = prepare(client)

  const tellOne = (ending: Ending, at: number, thin: boolean): void => {
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
      thin,
      sandbox: sandbox && readTestSerial(ending.idcardid) !== null,
      metadata: JSON.parse(registration.metadata) as Record<string, string>,
      observedAt: ending.observedAt,
      previousPollAt: ending.previousPollAt,
    })
    const { partnerId, id: registrationId } = registration
    const { lastInsertRowid } = statements.addMessage.run(
      partnerId,
      registrationId,
      registration.laneId,
      registration.callbackUrl,
      type,
      sealed.message.seal({ partnerId, registrationId }, body),
      at,
      at,
    )
    statements.endRegistration.run(status, ending.reason, at, lastInsertRowid, registration.no)
  }

  return (at = now()): Telling => {
    const thin = new Map<string, boolean>()
    const laneIds = new Set<number>()
    const isThin = (partnerId: string): boolean => {
      const known = thin.get(partnerId) ?? statements.isThin.get(partnerId) === 1
      thin.set(partnerId, known)
      return known
    }
    return {
      tell: ending => {
        tellOne(ending, at, isThin(ending.registration.partnerId))
        laneIds.add(ending.registration.laneId)
      },
      end: () => {
        for (const laneId of laneIds) lanes.advance(laneId, at)
      },
    }
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
  addMessage: client.prepare<
    [
      partnerId: string,
      registrationId: string,
      laneId: number,
      callbackUrl: string,
      type: MessageType,
      body: Buffer,
      createdAt: number,
      dueAt: number,
    ]
  >(`
    INSERT INTO messages (partner_id, registration_id, lane_id, callback_url, type, body, created_at, due_at, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending')`),
  endRegistration: client.prepare<
    [status: RegistrationStatus, reason: Reason | null, at: number, messageSeq: number | bigint, no: number]
  >('UPDATE registrations SET status = ?, reason = ?, resolved_at = ?, message_seq = ? WHERE no = ?'),
})
