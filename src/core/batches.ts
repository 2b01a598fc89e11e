import { yieldToLoop } from './clock.ts'

/** Processes one batch. Resolves with the number of rows and whether another batch may find more. */
export type Batch = () => Promise<{ count: number; hasMore: boolean }>

/**
 * Runs batches until one reports no more or `isStopped` returns true, and yields to the event loop in between. Resolves
 * with the number of rows in all.
 */
export const runBatches = async (batch: Batch, isStopped = () => false): Promise<number> => {
  let done = 0
  while (!isStopped()) {
    const { count, hasMore } = await batch()
    done += count
    if (!hasMore) break
    await yieldToLoop()
  }
  return done
}
