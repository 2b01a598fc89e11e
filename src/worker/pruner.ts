import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'

const BATCH = 100

export interface PrunerDeps {
  store: Pick<Store, 'now' | 'prune'>
  retentionMs: number
  log: Log
}

/** Erases what is past its retention, in small batches with a turn of the event loop between them; how many it erased. */
export const pruneAll = async ({ store, retentionMs }: Omit<PrunerDeps, 'log'>, go: () => boolean): Promise<number> => {
  let pruned = 0
  while (go()) {
    const batch = await store.prune(store.now() - retentionMs, BATCH)
    pruned += batch
    if (batch < BATCH) break
    await new Promise(resolve => setImmediate(resolve))
  }
  return pruned
}

export const createPruner = (deps: PrunerDeps) => {
  let running: Promise<void> | null = null
  let stopped = false

  const run = async () => {
    try {
      const pruned = await pruneAll(deps, () => !stopped)
      if (pruned > 0) deps.log.info('retention.pruned', { registrations: pruned })
    } catch (error) {
      deps.log.error('retention.failed', { error })
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
