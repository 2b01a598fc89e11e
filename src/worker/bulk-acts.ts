import type { Clock } from '../core/clock.ts'
import { messageIdOf } from '../core/message.ts'
import type { Cancellation, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface BulkActDeps {
  store: Pick<Store, 'now' | 'continueBulkActs'>
  clock: Pick<Clock, 'sleep'>
  emit: Emit
}

const BATCH = 50
/** After each batch, so that bulk acts take a small share of the writes: at most 200 registrations a second. */
const PAUSE_MS = 250

/** Goes on with all bulk acts that are under way. */
export const createBulkActs = ({ store, clock, emit }: BulkActDeps): BackgroundJob => {
  const report = ({ registration, isNew, stopsMessage }: Cancellation) => {
    const { id: registrationId, partnerId, createdAt } = registration
    const ageMs = Math.max(0, store.now() - createdAt)
    if (isNew) emit('registration.ended', { registrationId, partnerId, end: 'cancelled', reason: null, ageMs })
    if (stopsMessage) emit('message.cancelled', { messageId: messageIdOf(registrationId), registrationId, partnerId })
  }
  return createBackgroundJob({
    batch: async size => {
      const { count, cancelled } = await store.continueBulkActs(size)
      for (const cancellation of cancelled) report(cancellation)
      if (count > 0) await clock.sleep(PAUSE_MS)
      return count
    },
    size: BATCH,
    event: 'bulk',
    emit,
  })
}
