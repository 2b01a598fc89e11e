import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'

/** A registration that its partner cancels, with what belongs to it. */
export interface CancelFacts {
  status: RegistrationStatus
  resolvedAt: number | null
  /** Null: it has none. */
  message: { state: MessageState; claims: number } | null
  verification: { claims: number; isResolved: boolean }
  /** Other registrations of the serial: is one pending, is one not cancelled? */
  others: { pending: boolean; notCancelled: boolean }
}

/** One of these may still know what upstream said. */
export const NOT_CANCELLED: readonly RegistrationStatus[] = REGISTRATION_STATUSES.filter(
  status => status !== 'cancelled',
)

/** What to write. The count of claims goes up by one, so that a call or attempt in flight decides nothing any more. */
export interface CancelPlan {
  registration: { resolvedAt: number }
  /** Its text and what receivers answered are erased too. Null: there is none. */
  message: { state: MessageState; claims: number } | null
  /** It was waiting to be sent. */
  stopsMessage: boolean
  verification: {
    /** Nobody waits for the serial any more: it is not due, and this is its count of claims. Null: it goes on. */
    stops: { claims: number } | null
    /** Nobody is left who may know what upstream said. */
    isErased: boolean
  }
}

/** What a cancelling changes; null: nothing, since it is cancelled already. */
export const cancelRegistration = (
  { status, resolvedAt, message, verification, others }: CancelFacts,
  at: number,
): CancelPlan | null => {
  if (status === 'cancelled') return null
  const stops = !verification.isResolved && !others.pending
  return {
    registration: { resolvedAt: resolvedAt ?? at },
    message: message && {
      state: message.state === 'pending' ? 'exhausted' : message.state,
      claims: message.claims + 1,
    },
    stopsMessage: message?.state === 'pending',
    verification: {
      stops: stops ? { claims: verification.claims + 1 } : null,
      isErased: !others.notCancelled,
    },
  }
}
