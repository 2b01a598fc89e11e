import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { BULK_RATE } from '../store/bulk/states.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { emitCancelled } from '../telemetry/emit-cancelled.ts'
import { type BackgroundJob, createBackgroundJob } from './background-job.ts'

export interface BulkActDeps {
  store: Pick<Store, 'now' | 'continueBulkActs'>
  clock: Pick<Clock, 'sleep' | 'monotonic'>
  emit: Emit
}

const BATCH = 50
/** Pause after each step, even one that did nothing. */
const GAP_MS = 50

/** Continues all bulk acts that are under way; operators' acts at `BULK_RATE` at most. */
export const createBulkActJob = ({ store, clock, emit }: BulkActDeps): BackgroundJob =>
  createBackgroundJob({
    batch: async () => {
      const { count, isIdle, isOfPartner, cancelled } = await store.continueBulkActs(BATCH)
      if (isIdle) return { count, hasMore: false }
      for (const cancellation of cancelled) emitCancelled(cancellation, emit, store.now())
      await clock.sleep(isOfPartner ? GAP_MS : Math.max(GAP_MS, (count * SECOND) / BULK_RATE))
      return { count, hasMore: true }
    },
    event: 'bulk',
    clock,
    emit,
  })
