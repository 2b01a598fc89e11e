import type { Verdict } from '../../core/answer.ts'
import { type MessageType, webhookBody } from '../../core/message.ts'
import { endOf, type RegistrationStatus } from '../../core/registration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'

/** A registration that waits for its verdict, as far as its end needs it. */
export interface WaitingRegistration {
  /** Its key: the verification, and which of its registrations it is. */
  verificationId: number
  n: number
  id: string
  partnerId: string
  laneId: number
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  traceparent: string | null
  createdAt: number
}

/** A registration that ends now. Times are epoch ms. */
export interface Ending {
  registration: WaitingRegistration
  accountId: string
  idcardid: string
  /** Null: it ends without one, for `reason`. */
  verdict: Verdict | null
  reason: Reason | null
  /** The last status upstream has shown. */
  rawStatus: string | null
  observedAt: number
  previousPollAt: number | null
}

/** What to write when a registration ends: its end and its message, in the same transaction. */
export interface Resolution {
  registration: Pick<WaitingRegistration, 'verificationId' | 'n' | 'id'> & {
    status: RegistrationStatus
    reason: Reason | null
    resolvedAt: number
  }
  message: {
    partnerId: string
    registrationId: string
    laneId: number
    callbackUrl: string
    type: MessageType
    /** The text of the webhook, before it is sealed. */
    body: string
    /** It is due at once. */
    createdAt: number
    traceparent: string | null
  }
}

/** @param how.thin the partner's webhooks leave out the scores and the message */
export const resolve = (
  { registration, accountId, idcardid, verdict, reason, rawStatus, observedAt, previousPollAt }: Ending,
  { at, thin }: { at: number; thin: boolean },
): Resolution => {
  const { verificationId, n, id, partnerId, laneId, callbackUrl, metadata, traceparent } = registration
  const { status, type } = endOf(verdict)
  const body = webhookBody({
    type,
    timestamp: at,
    registrationId: id,
    idcardid,
    status: verdict?.status ?? rawStatus,
    reason,
    verdict,
    thin,
    sandbox: accountId === TEST_ACCOUNT_ID,
    metadata,
    observedAt,
    previousPollAt,
  })
  return {
    registration: { verificationId, n, id, status, reason, resolvedAt: at },
    message: { partnerId, registrationId: id, laneId, callbackUrl, type, body, createdAt: at, traceparent },
  }
}
