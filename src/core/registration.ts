import type { Verdict } from './answer.ts'
import type { MessageState, MessageType } from './message.ts'

export const REGISTRATION_STATUSES = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled'] as const
export type RegistrationStatus = (typeof REGISTRATION_STATUSES)[number]

/** What cannot be an id never reaches the database. */
export const isRegistrationId = (text: string): boolean => /^reg_[0-9A-HJKMNP-TV-Z]{26}$/.test(text)

/** What a pair may have one of: it waits, or has its verdict. Any other has ended without one, and the same pair begins a new registration. */
export const LIVE_STATUSES: readonly RegistrationStatus[] = ['pending', 'succeeded', 'failed']

/** The partner may read the verdict of such a registration. */
export const showsVerdict = (status: RegistrationStatus): boolean => status === 'succeeded' || status === 'failed'

/** How a registration ends, and what its webhook is called. A null verdict: it ends without one. */
export const outcomeOfVerdict = (verdict: Verdict | null): { status: RegistrationStatus; type: MessageType } => {
  if (verdict === null) return { status: 'unresolved', type: 'idface.unresolved' }
  return verdict.status === 'SUCCESS'
    ? { status: 'succeeded', type: 'idface.succeeded' }
    : { status: 'failed', type: 'idface.failed' }
}

/** The delivery state of a registration that has no message: one that was cancelled will never get one. */
export const deliveryWithoutMessage = (status: RegistrationStatus): MessageState =>
  status === 'cancelled' ? 'exhausted' : 'pending'

/**
 * By what a serial belongs to its partner: where it begins with a digit, its leading digits without leading zeros, otherwise
 * the serial itself. A vendor that reads serials as numbers would take `0123` and `123abc` for `123`, so whoever has registered
 * one of them has them all. What is asked upstream is the serial as it was registered.
 */
export const serialKey = (serial: string): string => {
  const digits = serial.slice(0, serial.search(/\D|$/))
  return digits === '' ? serial : digits.replace(/^0+(?=\d)/, '')
}
