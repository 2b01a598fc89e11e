import type { MessageType } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import { type Ending, resolve } from '../rules/settle-verification.ts'
import type { Context } from './context.ts'
import type { LaneUnitOfWork } from './lanes.ts'

/** Ends registrations and creates the messages that tell it, within one run of a transaction. */
export interface Resolutions {
  add(ending: Ending): void
  /** Writes how many events each partner has now. */
  save(): void
}

interface PartnerRow {
  thin: 0 | 1
  events: number
}

export const createResolutions = ({ client, sealed }: Context) => {
  const loadPartner = client.prepare<[id: string], PartnerRow>(
    "SELECT payload = 'thin' AS thin, events FROM partners WHERE id = ?",
  )
  const savePartner = client.prepare<[events: number, id: string]>('UPDATE partners SET events = ? WHERE id = ?')
  const addMessage = client.prepare<
    [
      partnerId: string,
      event: number,
      registrationId: string,
      laneId: number,
      callbackUrl: string,
      type: MessageType,
      body: Buffer,
      createdAt: number,
      dueAt: number,
      traceparent: string | null,
    ]
  >(`
    INSERT INTO messages (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at, due_at,
      traceparent, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')`)
  const endRegistration = client.prepare<
    [RegistrationStatus, Reason | null, resolvedAt: number, messageSeq: number | bigint, id: number, n: number]
  >(`
    UPDATE registrations SET status = ?, reason = ?, resolved_at = ?, message_seq = ?
    WHERE verification_id = ? AND n = ?`)

  return (lanes: LaneUnitOfWork, at: number): Resolutions => {
    const partners = new Map<string, PartnerRow>()
    const partnerOf = (id: string): PartnerRow => {
      const partner = partners.get(id) ?? loadPartner.get(id) ?? { thin: 0, events: 0 }
      partners.set(id, partner)
      return partner
    }

    return {
      add: ending => {
        const partner = partnerOf(ending.registration.partnerId)
        const { registration, message } = resolve(ending, { at, thin: partner.thin === 1 })
        const { lastInsertRowid: seq } = addMessage.run(
          message.partnerId,
          ++partner.events,
          message.registrationId,
          message.laneId,
          message.callbackUrl,
          message.type,
          sealed.message.seal(message, message.body),
          message.createdAt,
          message.createdAt,
          message.traceparent,
        )
        const { status, reason, resolvedAt, verificationId, n } = registration
        endRegistration.run(status, reason, resolvedAt, seq, verificationId, n)
        lanes.advance(message.laneId, message.createdAt)
      },
      save: () => {
        for (const [id, { events }] of partners) savePartner.run(events, id)
      },
    }
  }
}
