import { messageIdOf } from '../core/message.ts'
import type { Emit } from './emit.ts'

/** Emits the ends that a cancellation of the store has brought. */
export const emitCancelled = (
  {
    registration: { id: registrationId, partnerId, createdAt },
    isNew,
    stopsMessage,
  }: { registration: { id: string; partnerId: string; createdAt: number }; isNew: boolean; stopsMessage: boolean },
  emit: Emit<'registration.ended' | 'message.cancelled'>,
  now: number,
): void => {
  const ageMs = Math.max(0, now - createdAt)
  if (isNew) emit('registration.ended', { registrationId, partnerId, end: 'cancelled', reason: null, ageMs })
  if (stopsMessage) emit('message.cancelled', { messageId: messageIdOf(registrationId), registrationId, partnerId })
}
