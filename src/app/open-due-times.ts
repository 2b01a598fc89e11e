import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { longestRetryDelay } from '../core/retry-schedule.ts'
import { createBackgroundJob } from '../worker/background-job.ts'
import { CALLS_OF_A_POLL } from '../worker/poller.ts'
import { leaseFor } from '../worker/settler.ts'
import { createClockWatch, startHeartbeat } from '../worker/timers.ts'
import { createRole, type Role, type RoleDeps } from './role.ts'

const MEND_BATCH = 5_000

/**
 * Corrects due times whenever the clock is set back, and at the start: it may have been set back while no process was
 * running. While the database is away, it tries again every second.
 */
export const openDueTimes = ({ config, store, clock, emit }: RoleDeps & { clock: Clock }): Role => {
  const { polling, upstream, callback } = config
  // Leases must not end later either, and may be longer than any pause.
  const longest = {
    pollMs: Math.max(polling.maxMs, leaseFor(CALLS_OF_A_POLL, upstream.timeoutMs)),
    retryMs: Math.max(longestRetryDelay(callback.retryScheduleMs), leaseFor(1, callback.timeoutMs)),
  }
  let [isMended, isSetBack] = [false, false]
  const batch = async () => {
    isMended = false
    if (isSetBack) await store.hastenAlerts()
    isSetBack = false
    const count = await store.mendDueTimes(longest, MEND_BATCH)
    isMended = count === 0
    return { count, hasMore: count > 0 }
  }
  const job = createBackgroundJob({ batch, event: 'due_times', clock, emit })
  // The clock of decisions, which may be the database's.
  const decisions = { now: store.now, monotonic: clock.monotonic }
  const onStepBack = () => {
    isSetBack = true
  }
  const watch = createClockWatch({ clock: decisions, emit, onStepBack })
  const check = () => {
    watch()
    if (!isMended || isSetBack) job.wakeUp()
  }
  const heartbeat = startHeartbeat({ everyMs: SECOND, wakeUp: check, clock })
  job.wakeUp()
  const end = () => {
    heartbeat.stop()
    return job.stop()
  }
  return createRole({ end, breakOff: () => {} })
}
