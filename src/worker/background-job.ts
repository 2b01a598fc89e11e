import { type Batch, runBatches } from '../core/batches.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../telemetry/emit.ts'
import { onceAMinute } from './rounds.ts'

type Job = 'retention' | 'bulk' | 'due_times' | 'callback_notice' | 'history'

export interface BackgroundJob {
  /** Runs all batches of the work that may be due, one at a time. */
  wakeUp(): void
  /** Starts no more batches; resolves when the last one has ended. */
  stop(): Promise<void>
}

/**
 * Emits failures at most once a minute, the first one at once.
 *
 * @param deps.event prefix of the event names
 */
export const createBackgroundJob = (deps: {
  batch: Batch
  event: Job
  clock: Pick<Clock, 'monotonic'>
  emit: Emit<`${Job}.${'done' | 'failed'}`>
}): BackgroundJob => {
  const { batch, event, clock, emit } = deps
  let running: Promise<void> | null = null
  let isRequested = false
  let isStopped = false

  const failed = onceAMinute(error => emit(`${event}.failed`, { error }), clock)

  const run = async () => {
    try {
      // Work that became due after the last batch has set `isRequested`, and needs another run.
      while (isRequested && !isStopped) {
        isRequested = false
        const count = await runBatches(batch, () => isStopped)
        if (count > 0) emit(`${event}.done`, { count })
      }
    } catch (error) {
      failed(error)
    } finally {
      running = null
    }
  }

  return {
    wakeUp: () => {
      if (isStopped) return
      isRequested = true
      running ??= run()
    },
    stop: async () => {
      isStopped = true
      await running
    },
  }
}
