import { type Batch, runBatches } from '../core/batches.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../telemetry/emit.ts'
import { onceAMinute } from './rounds.ts'

type Job = 'retention' | 'bulk' | 'due_times' | 'callback_notice'

export interface BackgroundJob {
  /** There may be work: does all of it, one batch at a time. */
  ring(): void
  /** Starts no more batches; resolves when the last one has ended. */
  stop(): Promise<void>
}

/**
 * A failure is told at once, and of those that follow one a minute.
 *
 * @param deps.event how the names of its events begin
 */
export const createBackgroundJob = (deps: {
  batch: Batch
  event: Job
  clock: Pick<Clock, 'monotonic'>
  emit: Emit<`${Job}.${'done' | 'failed'}`>
}): BackgroundJob => {
  const { batch, event, clock, emit } = deps
  let running: Promise<void> | null = null
  let isRung = false
  let isStopped = false

  const failed = onceAMinute(error => emit(`${event}.failed`, { error }), clock)

  const run = async () => {
    try {
      // If more became due after the last batch, somebody has rung, and it goes round again.
      while (isRung && !isStopped) {
        isRung = false
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
    ring: () => {
      if (isStopped) return
      isRung = true
      running ??= run()
    },
    stop: async () => {
      isStopped = true
      await running
    },
  }
}
