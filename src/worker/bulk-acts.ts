import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { messageIdOf } from '../core/message.ts'
import { BULK_RATE } from '../store/bulk-act.ts'
import type { Cancellation, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface BulkActDeps {
  store: Pick<Store, 'now' | 'continueBulkActs'>
  clock: Pick<Clock, 'sleep' | 'monotonic'>
  emit: Emit
}

const BATCH = 50
/** After each step, whatever it has done. */
const GAP_MS = 50

/** Goes on with all bulk acts that are under way, those of operators at `BULK_RATE`. */
export const createBulkActs = ({ store, clock, emit }: BulkActDeps): BackgroundJob => {
  const report = ({ registration, isNew, stopsMessage }: Cancellation) => {
    const { id: registrationId, partnerId, createdAt } = registration
    const ageMs = Math.max(0, store.now() - createdAt)
    if (isNew) emit('registration.ended', { registrationId, partnerId, end: 'cancelled', reason: null, ageMs })
    if (stopsMessage) emit('message.cancelled', { messageId: messageIdOf(registrationId), registrationId, partnerId })
  }
  return createBackgroundJob({
    batch: async (size, isStopped) => {
      while (!isStopped()) {
        const { count, isIdle, isOfPartner, cancelled } = await store.continueBulkActs(size)
        if (isIdle) break
        for (const cancellation of cancelled) report(cancellation)
        await clock.sleep(isOfPartner ? GAP_MS : Math.max(GAP_MS, (count * SECOND) / BULK_RATE))
        if (count > 0) return count
      }
      return 0
    },
    size: BATCH,
    event: 'bulk',
    clock,
    emit,
  })
}
