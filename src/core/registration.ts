import type { Verdict } from './answer.ts'
import type { MessageState, MessageType } from './message.ts'

export const REGISTRATION_STATUSES = ['pending', 'succeeded', 'failed', 'unresolved', 'cancelled'] as const
export type RegistrationStatus = (typeof REGISTRATION_STATUSES)[number]

/** Whether the text has the form of a registration id; anything else never reaches the database. */
export const isRegistrationId = (text: string): boolean => /^reg_[0-9A-HJKMNP-TV-Z]{26}$/.test(text)

/** A pair has at most one registration that waits or has its verdict. After any other end it begins a new one. */
export const LIVE_STATUSES: readonly RegistrationStatus[] = ['pending', 'succeeded', 'failed']

/** Whether the partner may read the verdict of a registration with this status. */
export const showsVerdict = (status: RegistrationStatus): boolean => status === 'succeeded' || status === 'failed'

/** The status with which a registration ends, and the type of its webhook. A null verdict: it ends without one. */
export const outcomeOfVerdict = (verdict: Verdict | null): { status: RegistrationStatus; type: MessageType } => {
  if (verdict === null) return { status: 'unresolved', type: 'idface.unresolved' }
  return verdict.status === 'SUCCESS'
    ? { status: 'succeeded', type: 'idface.succeeded' }
    : { status: 'failed', type: 'idface.failed' }
}

/** Delivery state of a registration without a message: a cancelled one never gets one. */
export const deliveryWithoutMessage = (status: RegistrationStatus): MessageState =>
  status === 'cancelled' ? 'exhausted' : 'pending'

/** Keeps the last two characters of a serial: `**36`. Masking twice changes nothing more. */
export const maskSerial = (idcardid: string): string => (idcardid.length > 3 ? `**${idcardid.slice(-2)}` : '**')

/**
 * The key by which a serial belongs to its partner: if it begins with a digit, its leading digits without leading
 * zeros, otherwise the serial itself. A vendor that reads serials as numbers would take `0123` and `123abc` for `123`,
 * so a partner that waits for one of them, or has one that upstream has shown, has them all. Upstream is polled with the
 * serial as registered.
 */
export const serialKey = (serial: string): string => {
  const digits = serial.slice(0, serial.search(/\D|$/))
  return digits === '' ? serial : digits.replace(/^0+(?=\d)/, '')
}
