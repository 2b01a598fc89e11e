import type { Emit } from '../telemetry/emit.ts'

export interface Batches {
  /** There may be work: go through it, unless that is under way. */
  ring(): void
  stop(): Promise<void>
}

/** Does work of a size that nobody knows in small batches, with a turn of the event loop between them; how much it did. */
export const runBatches = async (
  next: (size: number) => Promise<number>,
  { size, go = () => true }: { size: number; go?: () => boolean },
): Promise<number> => {
  let done = 0
  while (go()) {
    const batch = await next(size)
    done += batch
    if (batch === 0) break
    await new Promise(resolve => setImmediate(resolve))
  }
  return done
}

type Job = 'retention' | 'resend'

/** Runs such work in the background whenever it is rung; `event` begins the names of its events. */
export const createBatches = (deps: {
  next: (size: number) => Promise<number>
  size: number
  event: Job
  emit: Emit<`${Job}.${'done' | 'failed'}`>
}): Batches => {
  let running: Promise<void> | null = null
  let stopped = false

  const run = async () => {
    try {
      const count = await runBatches(deps.next, { size: deps.size, go: () => !stopped })
      if (count > 0) deps.emit(`${deps.event}.done`, { count })
    } catch (error) {
      deps.emit(`${deps.event}.failed`, { error })
    } finally {
      running = null
    }
  }

  return {
    ring: () => {
      if (!stopped) running ??= run()
    },
    stop: async () => {
      stopped = true
      await running
    },
  }
}
